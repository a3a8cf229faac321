import { LossBuckets } from '../../contract/loss-buckets.js';
import type { LossBucketArrays } from '../../contract/losses.js';
import { fromWire, type WireNumber } from '../../contract/schema.js';
import { formatLoss } from '../../figures/numbers.js';

/** Weight of the past in the average loss, per meta-iteration. */
const smoothing = 0.95;

/** Buckets kept: more than a terminal has columns. */
const kept = 1024;

const blocks = '▁▂▃▄▅▆▇█';

/** The losses of a training so far: their moving average, and their curve. */
export class LossTrend {
  /** Moving average of Σ f(θ_t) over an unroll; NaN before the first. */
  average = Number.NaN;
  /** Steps of the unroll. */
  steps = 0;
  private buckets = new LossBuckets(1);

  /** @param points f(θ_t), `perIteration` of each meta-iteration */
  add(iteration: number, perIteration: number, points: ArrayLike<WireNumber>): void {
    for (let first = 0; first + perIteration <= points.length; first += perIteration) {
      let sum = 0;
      for (let i = first; i < first + perIteration; i++) sum += fromWire(points[i]!);
      this.smooth(sum, perIteration, 1);
    }
    this.restartAt(iteration);
    this.buckets.add(iteration, perIteration, points);
    this.coarsen();
  }

  /** @param stepsAt the steps of a meta-iteration's unroll */
  addBuckets(arrays: LossBucketArrays, stepsAt: (iteration: number) => number): void {
    const { iteration: firsts, iterationsPerBucket, mean, count } = arrays;
    if (firsts.length > 0) this.restartAt(firsts[0]!);
    for (const [i, first] of firsts.entries()) {
      const steps = stepsAt(first);
      this.smooth(fromWire(mean[i]!) * steps, steps, Math.max(1, count[i]! / steps));
    }
    while (this.buckets.width < iterationsPerBucket) this.buckets = this.buckets.coarser();
    this.buckets.mergeAll(arrays);
    this.coarsen();
  }

  /**
   * The mean loss per step over all meta-iterations so far, in at most `width` block characters, with its first and its
   * latest value. Logarithmic where it falls far; × where no point is finite.
   * @returns null if there is no room, or nothing to show.
   */
  curve(width: number): string | null {
    const means = this.buckets.inOrder().map(([, { sum, finite }]) => sum / finite);
    const finite = means.filter(Number.isFinite);
    if (finite.length < 2) return null;
    const label = ` ${formatLoss(finite[0]!)} → ${formatLoss(finite.at(-1)!)}`;
    const columns = averaged(means, Math.min(width - label.length, means.length));
    return columns.length < 2 ? null : inBlocks(columns) + label;
  }

  private smooth(sum: number, steps: number, iterations: number): void {
    // Sums over different numbers of steps cannot be compared.
    if (steps !== this.steps) this.average = Number.NaN;
    this.steps = steps;
    const past = smoothing ** iterations;
    this.average = Number.isNaN(this.average) ? sum : past * this.average + (1 - past) * sum;
  }

  /** An attempt that starts over, or resumes from a checkpoint, repeats the losses after it. */
  private restartAt(iteration: number): void {
    const { byNumber, width } = this.buckets;
    for (const number of byNumber.keys()) if (number > iteration / width) byNumber.delete(number);
  }

  private coarsen(): void {
    while (this.buckets.size > kept) this.buckets = this.buckets.coarser();
  }
}

/** The values, averaged over so many consecutive parts; NaN where no value is finite. */
function averaged(values: readonly number[], parts: number): number[] {
  return Array.from({ length: Math.max(0, parts) }, (_, p) => {
    const [from, to] = [p, p + 1].map((end) => Math.floor((end * values.length) / parts));
    const part = values.slice(from, to).filter(Number.isFinite);
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
}

function inBlocks(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const scale = low > 0 && high > 10 * low ? Math.log : (value: number) => value;
  const span = scale(high) - scale(low);
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return '×';
      return blocks[Math.round((span > 0 ? (scale(value) - scale(low)) / span : 0) * (blocks.length - 1))];
    })
    .join('');
}
