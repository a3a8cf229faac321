import type { RuleSpec } from '../../contract/optimizers.js';
import type { ComparisonResults, Estimate, OptimizerResult, TuningResult } from '../../contract/results.js';
import { toWire } from '../../contract/schema.js';
import type { ComparisonSpec, JobSpec } from '../../contract/spec.js';
import { deviation, mean, PairedBootstrap, percentileInterval, sortedQuantile, winRate } from './statistics.js';

/** Draws of one pull, about: a tenth of a second. */
const drawsAtOnce = 2e6;
const probabilities = [0.05, 0.25, 0.5, 0.75, 0.95];

/** What a baseline is called and ran with. */
export interface Baseline {
  label: string;
  rule: RuleSpec;
  tuning: TuningResult | null;
}

/** Turns a comparison's losses into its results: bootstrap in pieces, then the tables. */
export class ResultsBuilder {
  /** Σ f(θ_t), t < steps, of each function; the learned optimizer's first. */
  private readonly sums: Float64Array[];
  private readonly finals: Float32Array[];
  private readonly bootstrap: PairedBootstrap;

  /** @param losses of each optimizer, f(θ_t) [steps + 1, functions] */
  constructor(
    private readonly spec: JobSpec,
    private readonly comparison: ComparisonSpec,
    private readonly losses: readonly Float32Array[],
  ) {
    const { functions, steps } = comparison;
    this.sums = losses.map((all) => {
      const sum = new Float64Array(functions);
      for (let t = 0; t < steps; t++) for (let i = 0; i < functions; i++) sum[i]! += all[t * functions + i]!;
      return sum;
    });
    this.finals = losses.map((all) => all.subarray(steps * functions));
    this.bootstrap = new PairedBootstrap([...this.sums, ...this.finals], spec.seed);
  }

  get resamplesDone(): number {
    return this.bootstrap.resamples;
  }

  /** Draws some resamples. @returns whether all are drawn. */
  resample(): boolean {
    const { functions, resamples } = this.comparison;
    const left = resamples - this.resamplesDone;
    const count = Math.min(left, Math.ceil(drawsAtOnce / functions));
    this.bootstrap.resample(count);
    return count === left;
  }

  build(baselines: readonly Baseline[]): ComparisonResults {
    const { problem, seed } = this.spec;
    const { steps, functions, resamples } = this.comparison;
    const optimizers = [
      this.optimizer(0, { label: 'LSTM', rule: null, tuning: null }),
      ...distinct(baselines).map((baseline, i) => this.optimizer(i + 1, baseline)),
    ];
    return { problem, seed, steps, functions, resamples, optimizers };
  }

  private optimizer(
    index: number,
    about: { label: string; rule: RuleSpec | null; tuning: TuningResult | null },
  ): OptimizerResult {
    const [sums, finals] = [this.sums[index]!, this.finals[index]!];
    const sumMeans = this.bootstrap.means(index);
    const finalMeans = this.bootstrap.means(this.sums.length + index);
    const learnedSumMeans = this.bootstrap.means(0);
    const difference = mean(this.sums[0]!) - mean(sums);
    return {
      ...about,
      sum: estimate(mean(sums), sumMeans),
      sumDeviation: toWire(deviation(sums)),
      sumMedian: toWire(sortedQuantile(sums.slice().sort(), 0.5)),
      final: estimate(mean(finals), finalMeans),
      finalMedian: toWire(sortedQuantile(finals.slice().sort(), 0.5)),
      log10MeanFinal: estimate(Math.log10(mean(finals)), finalMeans.map(Math.log10)),
      curve: this.curve(this.losses[index]!),
      versus:
        index === 0
          ? null
          : {
              winRate: winRate(this.sums[0]!, sums),
              sumDifference: estimate(
                difference,
                learnedSumMeans.map((learned, r) => learned - sumMeans[r]!),
              ),
            },
    };
  }

  private curve(losses: Float32Array): OptimizerResult['curve'] {
    const { steps, functions } = this.comparison;
    const rows = Array.from({ length: steps + 1 }, (_, t) => losses.slice(t * functions, (t + 1) * functions).sort());
    return {
      mean: rows.map((row) => toWire(mean(row))),
      quantiles: probabilities.map((probability) => ({
        probability,
        values: rows.map((row) => toWire(sortedQuantile(row, probability))),
      })),
    };
  }
}

function estimate(value: number, resampled: Float64Array): Estimate {
  const { low, high } = percentileInterval(resampled, 0.95);
  return { value: toWire(value), low: toWire(low), high: toWire(high) };
}

/** The same label twice becomes "… #2". */
function distinct(baselines: readonly Baseline[]): Baseline[] {
  const seen = new Map<string, number>();
  return baselines.map((baseline) => {
    const times = (seen.get(baseline.label) ?? 0) + 1;
    seen.set(baseline.label, times);
    return times === 1 ? baseline : { ...baseline, label: `${baseline.label} #${times}` };
  });
}
