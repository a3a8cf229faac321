import { LossBuckets } from '../../contract/loss-buckets.js';
import { type LossSeries, widthFor } from '../../contract/losses.js';
import type { LossEntry } from './entries.js';

/** Sums up losses in buckets of consecutive meta-iterations, the latest attempt first. */
export class LossSum {
  /** The range, widened to whole buckets. */
  readonly from: number;
  readonly to: number;
  private readonly buckets: LossBuckets;
  /** Ranges of meta-iterations, [first, one past the last), of later attempts and of the one being added. */
  private readonly covered: [number, number][] = [];
  private current: [number, number] | null = null;

  constructor(
    from: number,
    to: number,
    private readonly end: number,
    points: number,
  ) {
    const width = widthFor(from, Math.max(from, to), points);
    this.from = Math.floor(from / width) * width;
    this.to = Math.max(this.from, Math.min(Math.ceil(to / width) * width, end));
    this.buckets = new LossBuckets(width);
  }

  add({ iteration, perIteration, points }: LossEntry): void {
    const end = iteration + Math.ceil(points.length / perIteration);
    this.current = [Math.min(this.current?.[0] ?? iteration, iteration), Math.max(this.current?.[1] ?? end, end)];
    for (let i = Math.max(iteration, this.from); i < Math.min(end, this.to); i++) {
      if (this.covered.some(([first, last]) => first <= i && i < last)) continue;
      this.buckets.add(
        i,
        perIteration,
        points.subarray((i - iteration) * perIteration, (i - iteration + 1) * perIteration),
      );
    }
  }

  /** From here on, the points added are of an earlier attempt. */
  closeAttempt(): void {
    if (this.current) this.covered.push(this.current);
    this.current = null;
  }

  /** Whether these losses, of the attempt being added, are within the end that was known when the sum began. */
  isKnown({ iteration, perIteration, points }: LossEntry): boolean {
    return iteration + Math.ceil(points.length / perIteration) <= this.end;
  }

  series(cursor: string): LossSeries {
    const { from, to } = this;
    return { from, to, ...this.buckets.toArrays(), cursor };
  }
}
