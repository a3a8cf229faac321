import { cursorOf, parseCursor } from '../../contract/cursor.js';
import type { JobEvent, JobEventOf } from '../../contract/events.js';
import { LossBuckets } from '../../contract/loss-buckets.js';
import type { LossSeries } from '../../contract/losses.js';

type LossEvent = JobEventOf<'losses'> | JobEventOf<'loss-buckets'>;

/** What the owner of the stream has to do after an event: connect again after a cursor, or fetch the series again. */
export type Next = { readonly reopenAt: string } | 'refetch' | 'go on';

/**
 * Joins a job's series of losses and its stream of events, so that every point is counted once.
 *
 * The series names the cursor C that it reaches. Losses up to C are passed over. A message of buckets may lie across C, so
 * at the first that ends after C the stream is opened again at C, and from there on every point is added. A later attempt may
 * repeat meta-iterations; buckets cannot be subtracted, so the series is fetched again until it has passed them.
 */
export class LossJoin {
  /** Null until the first series. */
  buckets: LossBuckets | null = null;
  /** One past the last meta-iteration in the buckets. */
  to = 0;
  /** The first meta-iteration of each attempt; NaN where its first events are no longer in the stream. */
  readonly begins = new Map<number, number>();
  /** The cursor that the series reaches; null while a series is awaited. */
  private reached: Position | null = null;
  /** Whether the stream continues where the series ends. */
  private joined = false;
  /** The last event that was passed on. */
  private passed: Position = { attempt: 0, seq: -1 };
  /** The last message of losses, added or passed over. */
  private seen: Position = { attempt: 0, seq: 0 };
  /** The attempt whose losses end at `to`: its next ones follow. */
  private attempt = 1;
  /** A later attempt that has begun before `to`, and the end that it has to pass. */
  private repeating: { attempt: number; end: number } | null = null;

  /**
   * @param most buckets to keep; beyond it they are made four times as wide
   * @param pass receives every event but those with losses, each once
   */
  constructor(
    private readonly most: number,
    private readonly pass: (event: JobEvent) => void,
  ) {}

  /** Whether the stream may be ahead of the buckets. */
  get isStale(): boolean {
    return this.reached === null || this.repeating !== null;
  }

  /** Begins again with a series. */
  begin(series: LossSeries): Next {
    const { repeating } = this;
    if (repeating && series.to > repeating.end) {
      this.attempt = repeating.attempt;
      this.repeating = null;
    }
    this.buckets = new LossBuckets(series.iterationsPerBucket);
    this.buckets.mergeAll(series);
    this.to = series.to;
    this.reached = parseCursor(series.cursor);
    this.joined = false;
    return this.reopened();
  }

  take(event: JobEvent): Next {
    if (event.type === 'truncated') {
      this.begins.set(event.attempt, Number.NaN);
      return 'go on';
    }
    if (event.type !== 'losses' && event.type !== 'loss-buckets') {
      if (compare(event, this.passed) > 0) {
        this.passed = { attempt: event.attempt, seq: event.seq };
        this.pass(event);
      }
      return 'go on';
    }
    this.seen = { attempt: event.attempt, seq: event.seq };
    if (!this.begins.has(event.attempt)) this.begins.set(event.attempt, rangeOf(event).first);
    return this.joined ? this.add(event) : this.reopened();
  }

  /** Opens the stream again where the series ends, once there were losses beyond that. */
  private reopened(): Next {
    const { reached, seen } = this;
    if (reached === null || compare(seen, reached) <= 0) return 'go on';
    this.joined = true;
    this.seen = reached;
    return { reopenAt: cursorOf(reached) };
  }

  private add(event: LossEvent): Next {
    const { first, end } = rangeOf(event);
    if (event.attempt !== this.attempt) {
      if (first < this.to) {
        this.repeating = { attempt: event.attempt, end: this.to };
        this.reached = null;
        this.joined = false;
        return 'refetch';
      }
      this.attempt = event.attempt;
    }
    if (event.type === 'losses') this.buckets!.add(event.iteration, event.perIteration, event.points);
    else {
      while (this.buckets!.width < event.iterationsPerBucket) this.buckets = this.buckets!.coarser();
      this.buckets!.mergeAll(event);
    }
    this.to = Math.max(this.to, end);
    while (this.buckets!.size > this.most) this.buckets = this.buckets!.coarser();
    return 'go on';
  }
}

/** A place in the stream; an event of losses has that of the last entry summed up. */
interface Position {
  readonly attempt: number;
  readonly seq: number;
}

/** Below 0 where a comes before b. */
function compare(a: Position, b: Position): number {
  return a.attempt - b.attempt || a.seq - b.seq;
}

/** The meta-iterations of a message; the first is rounded down to a bucket's. */
function rangeOf(event: LossEvent): { first: number; end: number } {
  if (event.type === 'losses') {
    const { iteration, perIteration, points } = event;
    return { first: iteration, end: iteration + Math.ceil(points.length / perIteration) };
  }
  return { first: event.iteration[0] ?? Number.POSITIVE_INFINITY, end: event.to };
}
