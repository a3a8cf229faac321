import type { JobEventOf } from '../../contract/events.js';
import { LossBuckets } from '../../contract/loss-buckets.js';
import type { LossSeries } from '../../contract/losses.js';

export type LossEvent = JobEventOf<'losses'> | JobEventOf<'loss-buckets'>;

/**
 * A job's losses in buckets: a series, and what the stream says after the cursor that the series names. Every point is
 * counted once.
 */
export class LossCurve {
  /** Null until the first series. */
  buckets: LossBuckets | null = null;
  /** One past the last meta-iteration in the buckets. */
  to = 0;
  /** The attempt whose losses end at `to`: its next ones follow. */
  private attempt = 1;
  /** A later attempt that has begun before `to`, and the end that it has to pass. */
  private repeating: { attempt: number; end: number } | null = null;

  /** @param most buckets to keep; beyond it they are made four times as wide */
  constructor(private readonly most: number) {}

  /** Begins again with a series, which the events after its cursor follow. */
  begin(series: LossSeries): void {
    const { repeating } = this;
    if (repeating && series.to > repeating.end) {
      this.attempt = repeating.attempt;
      this.repeating = null;
    }
    this.buckets = new LossBuckets(series.iterationsPerBucket);
    this.buckets.mergeAll(series);
    this.to = series.to;
  }

  /**
   * Adds the losses that follow.
   * @returns false if they cannot be added, and another series is needed: a later attempt repeats meta-iterations, and
   * buckets cannot be subtracted. So it is until the later attempt has passed the end of the earlier ones.
   */
  add(event: LossEvent): boolean {
    const { buckets } = this;
    const { first, end } = rangeOf(event);
    if (event.attempt !== this.attempt) {
      if (!buckets || first < this.to) {
        this.repeating = { attempt: event.attempt, end: this.to };
        return false;
      }
      this.attempt = event.attempt;
    }
    if (!buckets) return false;
    if (event.type === 'losses') {
      buckets.add(event.iteration, event.perIteration, event.points);
      this.buckets = narrowed(buckets, this.most);
    } else {
      const wide = widened(buckets, event.iterationsPerBucket);
      wide.mergeAll(event);
      this.buckets = narrowed(wide, this.most);
    }
    this.to = Math.max(this.to, end);
    return true;
  }
}

/** In buckets of at least this width. */
export function widened(buckets: LossBuckets, width: number): LossBuckets {
  let wide = buckets;
  while (wide.width < width) wide = wide.coarser();
  return wide;
}

/** In at most so many buckets. */
function narrowed(buckets: LossBuckets, most: number): LossBuckets {
  let wide = buckets;
  while (wide.size > most) wide = wide.coarser();
  return wide;
}

/** The meta-iterations of a message; the first is rounded down to a bucket's. */
function rangeOf(event: LossEvent): { first: number; end: number } {
  if (event.type === 'losses') {
    const { iteration, perIteration, points } = event;
    return { first: iteration, end: iteration + Math.ceil(points.length / perIteration) };
  }
  return { first: event.iteration[0] ?? Number.POSITIVE_INFINITY, end: event.to };
}
