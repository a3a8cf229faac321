import type { JobEvent, JobEventOf } from '../../contract/events.js';
import { LossBuckets } from '../../contract/loss-buckets.js';
import { widthFor } from '../../contract/losses.js';
import { derived } from './derived-events.js';

/** Maximum number of buckets of an event. */
const maxBuckets = 64;

/** Points of the events that are held; beyond that they are summed up, so that a subscriber may be far behind. */
const maxHeld = 1 << 18;

/**
 * Losses of one attempt that a subscriber has still to get, summed up. The sum of the same events is made once for all
 * subscribers, so the events are held until it is needed.
 */
export class PendingLosses {
  private readonly held: JobEventOf<'losses'>[] = [];
  private points = 0;
  private readonly sum = new Sum();
  private last: JobEventOf<'losses'>;

  /** @param since the period in which there were last none */
  constructor(
    readonly first: JobEventOf<'losses'>,
    readonly since: number,
  ) {
    this.last = first;
    this.add(first);
  }

  add(event: JobEventOf<'losses'>): void {
    this.last = event;
    this.held.push(event);
    this.points += event.points.length;
    if (this.points > maxHeld) this.sumUp();
  }

  /** Their sum as an event in place of the last of them. @param cursorAfter its cursor, if that is not `attempt.seq` */
  toEvent(cursorAfter: (last: JobEvent) => string | undefined): JobEvent {
    const { first, last } = this;
    const cursor = cursorAfter(last);
    return derived(last, `${first.seq} ${cursor ?? ''}`, () => {
      this.sumUp();
      const { job, attempt, seq, time } = last;
      const envelope = { job, attempt, seq, time, ...(cursor !== undefined && { cursor }) };
      return { ...envelope, type: 'loss-buckets', ...this.sum.toArrays() };
    });
  }

  private sumUp(): void {
    for (const event of this.held.splice(0)) this.sum.add(event);
    this.points = 0;
  }
}

/** Losses in buckets of the smallest width such that there are at most `maxBuckets`. */
class Sum {
  private buckets = new LossBuckets(1);
  private from = Number.POSITIVE_INFINITY;
  private to = 0;

  add({ iteration, perIteration, points }: JobEventOf<'losses'>): void {
    this.from = Math.min(this.from, iteration);
    this.to = Math.max(this.to, iteration + Math.ceil(points.length / perIteration));
    const width = widthFor(this.from, this.to, maxBuckets);
    while (this.buckets.width < width) this.buckets = this.buckets.coarser();
    this.buckets.add(iteration, perIteration, points);
  }

  toArrays() {
    return { to: this.to, ...this.buckets.toArrays() };
  }
}
