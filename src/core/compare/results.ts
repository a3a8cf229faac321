import { type ComparisonSpec, curveSteps } from '../../contract/comparison.js';
import { measures } from '../../contract/measures.js';
import type { BaselineSpec } from '../../contract/optimizers.js';
import type { ComparisonResults, Estimate, OptimizerResult, TrainedOn, TuningResult } from '../../contract/results.js';
import { toWire, type WireNumber } from '../../contract/schema.js';
import type { JobSpec } from '../../contract/spec.js';
import type { Use } from '../../contract/use.js';
import { eachMeasure, type Measured } from '../optimise/measures.js';
import type { Method } from '../optimise/method.js';
import {
  mean,
  PairedBootstrap,
  percentileInterval,
  sortedQuantile,
  standardDeviation,
  stepsSaved,
  winRate,
} from '../statistics.js';
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
  private readonly bootstrap: PairedBootstrap;
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
    const values = runs.flatMap(({ measured }) => measures.map((measure) => measured[measure]));
    this.bootstrap = new PairedBootstrap(values, spec.seed);
  }

  /** Resamples drawn. */
  get done(): number {
    return this.bootstrap.resamples;
  }

  get total(): number {
    return this.comparison.resamples;
  }

  get isOver(): boolean {
    return this.done === this.total;
  }

  advance(): void {
    const count = Math.ceil(drawsAtOnce / this.comparison.functions);
    this.bootstrap.resample(Math.min(this.total - this.done, count));
  }

  /** @param entries in the order of the runs */
  build(entries: readonly Entry[]): ComparisonResults {
    const { problem, seed } = this.spec;
    const { steps, functions, resamples } = this.comparison;
    const optimizers = entries.map((entry, i) => this.optimizer(i, entry));
    const { trainedOn } = this;
    return { problem, seed, steps, functions, resamples, ...(trainedOn && { trainedOn }), optimizers };
  }

  private optimizer(index: number, { method: { label, role }, rule, use, tuning }: Entry): OptimizerResult {
    const { measured, diverged } = this.runs[index]!;
    const resampled = this.resampledMeans(index);
    const estimates = eachMeasure((measure) => estimate(mean(measured[measure]), resampled[measure]));
    const medians = eachMeasure((measure) => toWire(sortedQuantile(measured[measure].slice().sort(), 0.5)));
    const paired = index === 0 ? null : this.paired(index, resampled);
    return {
      label,
      role,
      rule,
      ...(use && { use }),
      tuning,
      measures: eachMeasure((measure) => ({
        mean: estimates[measure],
        median: medians[measure],
        difference: paired?.differences[measure] ?? null,
        winRate: paired?.wins[measure] ?? null,
      })),
      sum: estimates.sum,
      sumDeviation: toWire(standardDeviation(measured.sum)),
      sumMedian: medians.sum,
      final: estimates.final,
      finalMedian: medians.final,
      log10MeanFinal: estimate(Math.log10(mean(measured.final)), resampled.final.map(Math.log10)),
      tail: estimates.tail,
      tailMedian: medians.tail,
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
      versus: paired && this.versus(index, paired),
    };
  }

  /** The learned optimizer's runs against a baseline's. */
  private paired(index: number, resampled: Measured<Float64Array>) {
    const [learned, other] = [this.runs[0]!.measured, this.runs[index]!.measured];
    const learnedMeans = this.resampledMeans(0);
    const differences = eachMeasure((measure) =>
      estimate(
        mean(learned[measure]) - mean(other[measure]),
        learnedMeans[measure].map((value, r) => value - resampled[measure][r]!),
      ),
    );
    const wins = eachMeasure((measure) => winRate(learned[measure], other[measure]));
    return { differences, wins };
  }

  private versus(
    index: number,
    { differences, wins }: ReturnType<ResultsBuilder['paired']>,
  ): OptimizerResult['versus'] {
    const median = 1 + probabilities.indexOf(0.5);
    const saved = (curve: number) => stepsSaved(this.curve(0, curve), this.curve(index, curve), this.points);
    return {
      winRate: wins.sum,
      sumDifference: differences.sum,
      finalWinRate: wins.final,
      finalDifference: differences.final,
      tailWinRate: wins.tail,
      tailDifference: differences.tail,
      stepsSaved: { mean: saved(0), median: saved(median) },
    };
  }

  private resampledMeans(index: number): Measured<Float64Array> {
    return eachMeasure((measure) => this.bootstrap.means(measures.length * index + measures.indexOf(measure)));
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

/** A non-finite value has no interval: the range of its resamples is chance. */
function estimate(value: number, resampled: Float64Array): Estimate {
  const none = { low: Number.NaN, high: Number.NaN };
  const { low, high } = Number.isFinite(value) ? percentileInterval(resampled, 0.95) : none;
  return { value: toWire(value), low: toWire(low), high: toWire(high) };
}
