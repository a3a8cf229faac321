import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { isOutage } from './connection.js';
import { type ChangePosition, type ChangesSince, readChanges } from './read-changes.js';

/** Milliseconds between two looks at the changes, and at least between two messages of a follower. */
export const pace = 250;

/** The changes of jobs as they happen, read once for all followers of this process; only while there are any. */
export class ChangeFeed {
  private readonly waiting = new Set<() => void>();
  private followers = 0;
  private reading: Promise<void> | null = null;
  private readonly closed = new AbortController();
  /** The latest changes, and the position that they begin after. */
  private latest: (ChangesSince & { start: ChangePosition }) | null = null;
  /** An error that is not Redis's absence. */
  failure: unknown;

  /** @param redis waits for Redis: a follower outlasts an outage. */
  constructor(private readonly redis: Redis) {}

  /** Begins to follow, from a position that was just read. @returns ends it. */
  join(present: ChangePosition): () => void {
    this.followers += 1;
    if (!this.reading) {
      this.failure = undefined;
      this.reading = this.read(present);
    }
    return () => {
      this.followers -= 1;
    };
  }

  /** Calls back once, at the next changes. @returns a function that removes the callback. */
  onChange(callback: () => void): () => void {
    this.waiting.add(callback);
    return () => this.waiting.delete(callback);
  }

  /** The changes since a position, or more; null without any. Redis is read only for a follower that has fallen behind. */
  since({ server, number }: ChangePosition): ChangesSince | null | Promise<ChangesSince> {
    if (!this.latest) return null;
    const { start, end } = this.latest;
    if (server === end.server && number >= end.number) return null;
    if (server === start.server && number >= start.number) return this.latest;
    return readChanges(this.redis, { server, number });
  }

  close(): void {
    this.closed.abort();
  }

  private async read(start: ChangePosition): Promise<void> {
    let position = start;
    const { signal } = this.closed;
    while (this.followers > 0 && !signal.aborted && this.failure === undefined) {
      await delay(pace, null, { signal }).catch(() => {});
      try {
        const read = await readChanges(this.redis, position);
        const { end, changes } = read;
        if (changes.reset || end.number > position.number) {
          this.latest = { ...read, start: position };
          position = end;
          this.wake();
        }
      } catch (error) {
        if (isOutage(error)) continue;
        this.failure = error;
        this.wake();
      }
    }
    this.latest = null;
    this.reading = null;
  }

  private wake(): void {
    const callbacks = [...this.waiting];
    this.waiting.clear();
    for (const callback of callbacks) callback();
  }
}
