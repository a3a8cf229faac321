import type { JobChanges } from '../../contract/lists.js';
import { type ChangeFeed, pace } from './change-feed.js';
import { isOutage } from './connection.js';
import type { ChangePosition } from './read-changes.js';
import { Wait } from './wait.js';

/**
 * Follows the changes of jobs, until it is ended. It holds no queue: whoever takes the next message late gets all changes
 * since the one before in it.
 */
export class Follower implements AsyncIterableIterator<JobChanges> {
  private readonly wait = new Wait();
  private first: JobChanges | null;
  private sentAt = Number.NEGATIVE_INFINITY;
  private ended = false;
  private failure: unknown;

  /**
   * @param position of the first message
   * @param select what the follower wants of changes; null for nothing.
   * @param release called once, at the end.
   */
  constructor(
    private readonly feed: ChangeFeed,
    private position: ChangePosition,
    first: JobChanges,
    private readonly select: (changes: JobChanges) => Promise<JobChanges | null>,
    private readonly release: () => void,
  ) {
    this.first = first;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<JobChanges, undefined>> {
    while (!this.ended) {
      const message = this.first ?? (await this.more());
      this.first = null;
      if (message && !this.ended) {
        this.sentAt = performance.now();
        return { done: false, value: message };
      }
    }
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    return { done: true, value: undefined };
  }

  /** Ends it with this error. */
  fail(error: unknown): void {
    if (!this.ended) this.failure = error;
    this.end();
  }

  async return(): Promise<IteratorResult<JobChanges, undefined>> {
    this.end();
    return { done: true, value: undefined };
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.wait.end();
    this.release();
  }

  /** The next message; null if there is none yet, after a wait. */
  private async more(): Promise<JobChanges | null> {
    const early = this.sentAt + pace - performance.now();
    if (early > 0) {
      await this.wait.sleep(early);
      return null;
    }
    if (this.feed.failure !== undefined) {
      this.fail(this.feed.failure);
      return null;
    }
    try {
      const known = this.feed.since(this.position);
      if (known === null) {
        await this.wait.until((done) => this.feed.onChange(done));
        return null;
      }
      const since = known instanceof Promise ? await this.wait.value(known) : known;
      if (!since) return null;
      const message = await this.wait.value(this.select(since.changes));
      // Only now, so that a read that failed is repeated.
      this.position = since.end;
      return message ?? null;
    } catch (error) {
      if (isOutage(error)) await this.wait.sleep(pace);
      else this.fail(error);
      return null;
    }
  }
}
