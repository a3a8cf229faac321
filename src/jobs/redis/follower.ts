import type { JobChanges } from '../../contract/lists.js';
import { type ChangeFeed, pace } from './change-feed.js';
import { isOutage } from './connection.js';
import { Pull } from './pull.js';
import type { ChangePosition } from './read-changes.js';

/**
 * Follows the changes of jobs, until it is ended. It holds no queue: whoever takes the next message late gets all changes
 * since the one before in it.
 */
export class Follower extends Pull<JobChanges> {
  private sentAt = Number.NEGATIVE_INFINITY;

  /**
   * @param position of the first message
   * @param message the first message, and later the next one
   * @param select what the follower wants of changes; null for nothing.
   * @param release called once, at the end.
   */
  constructor(
    private readonly feed: ChangeFeed,
    private position: ChangePosition,
    private message: JobChanges | null,
    private readonly select: (changes: JobChanges) => Promise<JobChanges | null>,
    release: () => void,
  ) {
    super(release);
  }

  protected override take(): JobChanges | undefined {
    const { message } = this;
    if (message === null) return undefined;
    this.message = null;
    this.sentAt = performance.now();
    return message;
  }

  /** Reads the next message, or waits until there may be one. */
  protected override async more(): Promise<void> {
    const early = this.sentAt + pace - performance.now();
    if (early > 0) return this.wait.sleep(early);
    if (this.feed.failure !== undefined) return this.fail(this.feed.failure);
    try {
      const known = this.feed.since(this.position);
      if (known === null) return await this.wait.until((done) => this.feed.onChange(done));
      const since = known instanceof Promise ? await this.wait.value(known) : known;
      if (!since) return;
      const message = await this.wait.value(this.select(since.changes));
      // Only now, so that a read that failed is repeated.
      this.position = since.end;
      this.message = message ?? null;
    } catch (error) {
      if (isOutage(error)) await this.wait.sleep(pace);
      else this.fail(error);
    }
  }
}
