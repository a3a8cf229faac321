import type { LossSeries } from '../../contract/losses.js';
import { toWire } from '../../contract/schema.js';
import type { LossEntry } from './entries.js';

/** Sums up losses in buckets of consecutive meta-iterations, the latest attempt first. */
export class LossBuckets {
  readonly from: number;
  readonly to: number;
  private readonly perBucket: number;
  private readonly count: Float64Array;
  private readonly sum: Float64Array;
  private readonly min: Float64Array;
  private readonly max: Float64Array;
  /** Ranges of meta-iterations, [first, one past the last), of later attempts and of the one being added. */
  private readonly covered: [number, number][] = [];
  private current: [number, number] | null = null;

  constructor(from: number, to: number, points: number) {
    this.from = from;
    this.to = Math.max(from, to);
    this.perBucket = Math.max(1, Math.ceil((this.to - from) / points));
    const length = Math.ceil((this.to - from) / this.perBucket);
    this.count = new Float64Array(length);
    this.sum = new Float64Array(length);
    this.min = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    this.max = new Float64Array(length).fill(Number.NEGATIVE_INFINITY);
  }

  add({ iteration, perIteration, points }: LossEntry): void {
    const end = iteration + Math.ceil(points.length / perIteration);
    this.current = [Math.min(this.current?.[0] ?? iteration, iteration), Math.max(this.current?.[1] ?? end, end)];
    for (let i = Math.max(iteration, this.from); i < Math.min(end, this.to); i++) {
      if (this.covered.some(([first, last]) => first <= i && i < last)) continue;
      const bucket = Math.floor((i - this.from) / this.perBucket);
      this.addTo(bucket, points.subarray((i - iteration) * perIteration, (i - iteration + 1) * perIteration));
    }
  }

  /** From here on, the points added are of an earlier attempt. */
  closeAttempt(): void {
    if (this.current) this.covered.push(this.current);
    this.current = null;
  }

  series(): LossSeries {
    const { from, to, perBucket, count, sum, min, max } = this;
    const filled = Array.from(count.keys()).filter((i) => count[i]! > 0);
    return {
      from,
      to,
      iterationsPerBucket: perBucket,
      iteration: filled.map((i) => from + i * perBucket),
      count: filled.map((i) => count[i]!),
      mean: filled.map((i) => toWire(sum[i]! / count[i]!)),
      min: filled.map((i) => toWire(min[i]!)),
      max: filled.map((i) => toWire(max[i]!)),
    };
  }

  private addTo(bucket: number, points: Float32Array): void {
    let [sum, min, max] = [this.sum[bucket]!, this.min[bucket]!, this.max[bucket]!];
    for (const point of points) {
      sum += point;
      min = Math.min(min, point);
      max = Math.max(max, point);
    }
    this.count[bucket] = this.count[bucket]! + points.length;
    this.sum[bucket] = sum;
    this.min[bucket] = min;
    this.max[bucket] = max;
  }
}
