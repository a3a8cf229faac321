import { type ComparisonSpec, curveSteps } from '../../contract/comparison.js';
import { componentsOf } from '../../contract/mixtures.js';
import type { BaselineSpec } from '../../contract/optimizers.js';
import type {
  ComparisonResults,
  ComponentResult,
  OptimizerResult,
  TrainedOn,
  TuningResult,
} from '../../contract/results.js';
import { toWire, type WireNumber } from '../../contract/schema.js';
import type { JobSpec } from '../../contract/spec.js';
import type { Use } from '../../contract/use.js';
import { eachMeasure } from '../optimise/measures.js';
import type { Method } from '../optimise/method.js';
import { componentOf } from '../problems/mixture.js';
import { mean, standardDeviation, stepsSaved } from '../statistics.js';
import { estimate, RunStatistics } from './run-statistics.js';
import { probabilities, type Runs } from './runs.js';

/** Approximate draws per piece of work. */
const drawsAtOnce = 2e5;

/** A method, and where its parameters come from. */
export interface Entry {
  readonly method: Method;
  /** Null for the learned optimizer. */
  readonly rule: BaselineSpec | null;
  /** The learned optimizer's, where the document gives it. */
  readonly use?: Use;
  readonly tuning: TuningResult | null;
}

/** Turns a comparison's runs into its results: the bootstrap in pieces, then the tables. */
export class ResultsBuilder {
  readonly phase = 'statistics';
  private readonly all: RunStatistics;
  /** A mixture's components that have functions. */
  private readonly components: readonly { readonly place: number; readonly own: RunStatistics }[];
  /** The steps of the curves. */
  private readonly points: readonly number[];

  /**
   * @param runs per optimizer, the learned one's first
   * @param trainedOn what the learned optimizer was trained on, if known
   */
  constructor(
    private readonly spec: JobSpec,
    private readonly comparison: ComparisonSpec,
    private readonly runs: readonly Runs[],
    private readonly trainedOn: TrainedOn | undefined,
  ) {
    this.points = curveSteps(comparison.steps, comparison.curves?.points);
    const measured = runs.map((one) => one.measured);
    this.all = new RunStatistics(measured, spec.seed);
    this.components = functionsByComponent(spec, comparison).map(({ place, functions }) => {
      const own = measured.map((one) =>
        eachMeasure((measure) => Float64Array.from(functions, (i) => one[measure][i]!)),
      );
      return { place, own: new RunStatistics(own, spec.seed) };
    });
  }

  /** Resamples drawn. */
  get done(): number {
    return this.all.resamples;
  }

  get total(): number {
    return this.comparison.resamples;
  }

  get isOver(): boolean {
    return this.done === this.total;
  }

  advance(): void {
    const count = Math.min(this.total - this.done, Math.ceil(drawsAtOnce / this.comparison.functions));
    this.all.resample(count);
    for (const { own } of this.components) own.resample(count);
  }

  /** @param entries in the order of the runs */
  build(entries: readonly Entry[]): ComparisonResults {
    const { problem, seed } = this.spec;
    const { steps, functions, resamples } = this.comparison;
    const { trainedOn } = this;
    const components = this.components.map((one) => this.component(one, entries));
    return {
      problem,
      seed,
      steps,
      functions,
      resamples,
      ...(trainedOn && { trainedOn }),
      optimizers: entries.map((entry, i) => this.optimizer(i, entry)),
      ...(components.length > 0 && { components }),
    };
  }

  private component({ place, own }: ResultsBuilder['components'][number], entries: readonly Entry[]): ComponentResult {
    const optimizers = entries.map(({ method: { label } }, i) => ({ label, measures: own.of(i) }));
    return { component: place + 1, functions: own.functions, optimizers };
  }

  private optimizer(index: number, { method: { label, role }, rule, use, tuning }: Entry): OptimizerResult {
    const { measured, diverged } = this.runs[index]!;
    const measures = this.all.of(index);
    const { sum, final, tail } = measures;
    const resampled = this.all.resampledMeans(index).final;
    return {
      label,
      role,
      rule,
      ...(use && { use }),
      tuning,
      measures,
      sum: sum.mean,
      sumDeviation: toWire(standardDeviation(measured.sum)),
      sumMedian: sum.median,
      final: final.mean,
      finalMedian: final.median,
      log10MeanFinal: estimate(Math.log10(mean(measured.final)), resampled.map(Math.log10)),
      tail: tail.mean,
      tailMedian: tail.median,
      diverged: diverged / this.comparison.functions,
      curve: {
        ...(this.points.length <= this.comparison.steps && { steps: [...this.points] }),
        mean: this.curve(index, 0).map(toWire),
        quantiles: probabilities.map((probability, i) => ({
          probability,
          values: this.curve(index, i + 1).map(toWire),
        })),
        ...(this.comparison.curves?.functions && { functions: this.functionCurves(index) }),
      },
      versus: index === 0 ? null : this.versus(index, measures),
    };
  }

  private versus(
    index: number,
    { sum, final, tail }: ReturnType<RunStatistics['of']>,
  ): NonNullable<OptimizerResult['versus']> {
    const median = 1 + probabilities.indexOf(0.5);
    const saved = (curve: number) => stepsSaved(this.curve(0, curve), this.curve(index, curve), this.points);
    return {
      winRate: sum.winRate!,
      sumDifference: sum.difference!,
      finalWinRate: final.winRate!,
      finalDifference: final.difference!,
      tailWinRate: tail.winRate!,
      tailDifference: tail.difference!,
      stepsSaved: { mean: saved(0), median: saved(median) },
    };
  }

  private functionCurves(index: number): WireNumber[][] {
    const { functions } = this.comparison;
    return Array.from({ length: functions }, (_, i) => this.curve(index, 1 + probabilities.length + i).map(toWire));
  }

  /** @param which 0 for the mean curve, then the quantiles in order, then the functions */
  private curve(index: number, which: number): number[] {
    const { length } = this.points;
    return [...this.runs[index]!.curves.subarray(which * length, (which + 1) * length)];
  }
}

/** The functions of a comparison on a mixture, by component; none of any other problem. */
function functionsByComponent({ problem }: JobSpec, { functions: count }: ComparisonSpec) {
  if (problem.name !== 'mixture') return [];
  const owners = Array.from({ length: count }, (_, i) => componentOf(problem, i));
  return componentsOf(problem).flatMap((_, place) => {
    const functions = [...owners.keys()].filter((i) => owners[i] === place);
    return functions.length === 0 ? [] : [{ place, functions }];
  });
}
