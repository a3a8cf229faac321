import { measures } from '../../contract/measures.js';
import type { Estimate, MeasureResult } from '../../contract/results.js';
import { toWire } from '../../contract/schema.js';
import { eachMeasure, type Measured } from '../optimise/measures.js';
import { mean, PairedBootstrap, percentileInterval, sortedQuantile, winRate } from '../statistics.js';

/** The statistics of optimizers' measures over some functions, the same ones for all. */
export class RunStatistics {
  private readonly bootstrap: PairedBootstrap;

  /** @param measured per optimizer, the learned one first, each [functions] */
  constructor(
    readonly measured: readonly Measured<Float64Array>[],
    seed: number,
  ) {
    const values = measured.flatMap((one) => measures.map((measure) => one[measure]));
    this.bootstrap = new PairedBootstrap(values, seed);
  }

  get functions(): number {
    return this.measured[0]!.sum.length;
  }

  /** Resamples drawn. */
  get resamples(): number {
    return this.bootstrap.resamples;
  }

  resample(count: number): void {
    this.bootstrap.resample(count);
  }

  /** An optimizer's means, and the learned optimizer's differences from it. */
  of(index: number): Measured<MeasureResult> {
    const own = this.measured[index]!;
    const learned = index === 0 ? null : this.measured[0]!;
    const resampled = this.resampledMeans(index);
    const learnedMeans = this.resampledMeans(0);
    return eachMeasure((measure) => ({
      mean: estimate(mean(own[measure]), resampled[measure]),
      median: toWire(sortedQuantile(own[measure].slice().sort(), 0.5)),
      difference:
        learned &&
        estimate(
          mean(learned[measure]) - mean(own[measure]),
          learnedMeans[measure].map((value, r) => value - resampled[measure][r]!),
        ),
      winRate: learned && winRate(learned[measure], own[measure]),
    }));
  }

  resampledMeans(index: number): Measured<Float64Array> {
    return eachMeasure((measure) => this.bootstrap.means(measures.length * index + measures.indexOf(measure)));
  }
}

/** A non-finite value has no interval: the range of its resamples is chance. */
export function estimate(value: number, resampled: Float64Array): Estimate {
  const none = { low: Number.NaN, high: Number.NaN };
  const { low, high } = Number.isFinite(value) ? percentileInterval(resampled, 0.95) : none;
  return { value: toWire(value), low: toWire(low), high: toWire(high) };
}
