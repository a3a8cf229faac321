import type { JobEvent } from '../../contract/events.js';
import { isFinal } from '../../contract/job.js';
import type { EventPage } from './event-pages.js';
import type { JobTail } from './job-tail.js';
import { compare, type Position, toCursor } from './position.js';
import { Pull } from './pull.js';
import type { Selection } from './selection.js';
import { jobDeleted, noSuchCursor, streamIncomplete } from './stream-errors.js';

/**
 * Milliseconds before reading again from a stream that lacks entries: after a crash of Redis they are restored soon.
 */
const rereadAfter = 50;

/**
 * Milliseconds that a subscriber waits for its cursor to be reached, so that a writer can restore what Redis lost in a
 * crash. Less than a client waits for a message before it reconnects, so that the client gets the error.
 */
const cursorPatience = 30_000;

/**
 * One subscriber of a job's stream: reads pages from Redis while it is behind, then follows the shared tail. It holds
 * at most one page and what its selection sums up, however slow it is. It is done only after the final `state`; any
 * other end is an error.
 */
export class Subscription extends Pull<JobEvent> {
  /** Events read and not yet taken. */
  private page: JobEvent[] = [];
  private readonly nextRead = () => this.page.shift() ?? this.fromTail();
  /** When to give up on a cursor beyond the end. */
  private deadline: number | null = null;

  /**
   * @param position up to which it has read.
   * @param selection null for all events as they are.
   * @param tail null if the job is final, so that Redis has all events.
   * @param release called once, at the end.
   * @param patience milliseconds to wait for a cursor beyond the stream's end
   */
  constructor(
    private readonly job: string,
    private position: Position,
    private readonly selection: Selection | null,
    private readonly tail: JobTail | null,
    private readonly readPage: (after: Position) => Promise<EventPage>,
    release: () => void,
    private readonly patience = cursorPatience,
  ) {
    super(release);
  }

  protected override take(): JobEvent | undefined {
    const event = this.selection ? this.selection.next(this.nextRead) : this.nextRead();
    if (event?.type === 'state' && isFinal(event.state)) this.end();
    return event;
  }

  protected override end(): void {
    super.end();
    this.page = [];
  }

  private fromTail(): JobEvent | undefined {
    if (!this.tail || compare(this.position, this.tail.base) < 0) return undefined;
    const event = this.tail.after(this.position);
    if (event) this.position = event;
    return event;
  }

  /** Waits until there are more events, or the end, or the selection can continue. */
  protected override async more(): Promise<void> {
    const { tail, selection } = this;
    if (selection?.isBlocked) return this.wait.until((done) => selection.periods?.onNext(done));
    if (tail?.failure) return this.fail(tail.failure);
    if (tail && compare(this.position, tail.end) >= 0) return this.waitFor(tail);
    try {
      const page = await this.wait.value(this.readPage(this.position));
      if (page && !this.ended) await this.read(page);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Waits at the tail's end, or beyond it if the cursor was ahead from the start. */
  private async waitFor(tail: JobTail): Promise<void> {
    const ahead = compare(this.position, tail.end) > 0;
    if (tail.finished) return ahead ? this.fail(noSuchCursor(this.job, this.position, tail.end)) : this.end();
    if (!ahead) return this.wait.until((done) => this.onNews(tail, done));
    this.deadline ??= performance.now() + this.patience;
    const left = this.deadline - performance.now();
    if (left <= 0) return this.fail(noSuchCursor(this.job, this.position, tail.end));
    await this.wait.until((done) => {
      const forget = tail.onChange('any', done);
      const timer = setTimeout(done, left);
      return () => {
        forget();
        clearTimeout(timer);
      };
    });
  }

  /** Waits for what the selection is interested in; for losses at most once per period. */
  private onNews(tail: JobTail, done: () => void): () => void {
    const { wantsLosses = true, isThinning = false, periods = null } = this.selection ?? {};
    const forget = tail.onChange(wantsLosses && !isThinning ? 'any' : 'others', done);
    const forgetPeriod = isThinning ? periods?.onNext(done) : undefined;
    return () => {
      forget();
      forgetPeriod?.();
    };
  }

  private async read({ events, first, last, trimmed, exists }: EventPage): Promise<void> {
    if (!exists) return this.fail(jobDeleted(this.job));
    if (compare(this.position, trimmed) < 0) {
      this.page.push(this.truncated(trimmed, first));
      this.position = trimmed;
    }
    this.page.push(...events);
    if (last) this.position = last;
    if (last || this.page.length > 0) return;
    // A crashed Redis has lost the end of a job that had ended: new subscribers see the job continue.
    if (!this.tail || this.tail.finished) return this.fail(streamIncomplete(this.job));
    await this.wait.sleep(rereadAfter);
  }

  private truncated(trimmed: Position, first: Position | null): JobEvent {
    const resumesAt = first ?? { ...trimmed, seq: trimmed.seq + 1 };
    return {
      job: this.job,
      attempt: trimmed.attempt,
      seq: trimmed.seq,
      time: Date.now(),
      type: 'truncated',
      resumesAt: toCursor(resumesAt),
      message: 'The events before this one are no longer in the stream; GET /jobs/{id}/losses still has their losses.',
    };
  }
}
