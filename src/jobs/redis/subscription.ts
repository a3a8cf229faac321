import type { JobEvent } from '../../contract/events.js';
import { isFinal } from '../../contract/job.js';
import { decodeEntry } from './entries.js';
import type { JobTail } from './job-tail.js';
import { compare, type Position, toCursor } from './position.js';
import type { StreamPage } from './stream-pages.js';

/** Milliseconds before a stream is read again that ought to have more: a Redis that died gets it back soon. */
const rereadAfter = 50;

/**
 * One subscriber's way along a job's stream: in pages from Redis while it is behind, and then along the shared tail.
 * It holds a page at most, however slow it is.
 */
export class Subscription implements AsyncIterableIterator<JobEvent> {
  private page: JobEvent[] = [];
  private ended = false;
  /** Ends the present wait. */
  private wake: () => void = () => {};

  /**
   * @param tail null where the job is final: what Redis has is all.
   * @param release called once, at the end.
   */
  constructor(
    private readonly job: string,
    private position: Position,
    private readonly tail: JobTail | null,
    private readonly readPage: (after: Position) => Promise<StreamPage>,
    private readonly release: () => void,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<JobEvent, undefined>> {
    while (!this.ended) {
      const event = this.page.shift() ?? this.fromTail();
      if (event) {
        this.position = event;
        if (event.type === 'state' && isFinal(event.state)) this.end();
        return { done: false, value: event };
      }
      await this.more();
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<JobEvent, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.page = [];
    this.wake();
    this.release();
  }

  private fail(error: unknown): never {
    this.end();
    throw error;
  }

  private fromTail(): JobEvent | undefined {
    if (!this.tail || compare(this.position, this.tail.base) < 0) return undefined;
    return this.tail.after(this.position);
  }

  /** Waits until there is more to deliver, or the end. */
  private async more(): Promise<void> {
    const { tail } = this;
    if (tail?.failure) this.fail(tail.failure);
    if (tail && compare(this.position, tail.end) >= 0) {
      if (tail.finished) this.end();
      else await this.until((done) => tail.onChange(done));
      return;
    }
    let page: StreamPage | undefined;
    let failure: unknown;
    await this.until((done) => {
      this.readPage(this.position)
        .then(
          (result) => {
            page = result;
          },
          (error) => {
            failure = error;
          },
        )
        .then(done);
    });
    if (this.ended) return;
    if (failure) this.fail(failure);
    if (page) await this.take(page);
  }

  private async take({ entries, trimmed }: StreamPage): Promise<void> {
    if (compare(this.position, trimmed) < 0) this.page.push(this.truncated(trimmed, entries[0]));
    this.page.push(...entries.map((entry) => decodeEntry(this.job, entry)));
    if (this.page.length > 0) return;
    if (!this.tail || this.tail.finished) this.end();
    else
      await this.until((done) => {
        const timer = setTimeout(done, rereadAfter);
        return () => clearTimeout(timer);
      });
  }

  private truncated(trimmed: Position, first: StreamPage['entries'][number] | undefined): JobEvent {
    const resumesAt = first ? decodeEntry(this.job, first) : { ...trimmed, seq: trimmed.seq + 1 };
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

  private async until(wait: (done: () => void) => undefined | (() => void)): Promise<void> {
    let forget: undefined | (() => void);
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      forget = wait(resolve);
    });
    this.wake = () => {};
    forget?.();
  }
}
