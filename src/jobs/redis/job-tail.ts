import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { JobEvent, JobState } from '../../contract/events.js';
import { isFinal } from '../../contract/job.js';
import { isOutage } from './connection.js';
import { decodeEntry, type RawEntry } from './entries.js';
import { recordKey, streamKey } from './keys.js';
import { compare, fromId, type Position, toId } from './position.js';
import { jobDeleted, streamIncomplete } from './stream-errors.js';

/** Maximum that the tail keeps; a subscriber further behind reads from Redis. */
const limits = { events: 1024, points: 1 << 18 };
const batchLength = 64;
/** Milliseconds of silence after which it checks whether the job was deleted. */
const silence = 5000;

/** The live end of a job's stream, read and decoded once for all subscribers of this process. */
export class JobTail {
  private events: JobEvent[] = [];
  private points = 0;
  private readonly waiting = { any: new Set<() => void>(), others: new Set<() => void>() };
  private closed = false;
  /** Whether the events include the final state, which is the last. */
  finished = false;
  /** What ended the reading before that: the job was deleted, or an internal error. */
  failure: unknown;

  /**
   * @param connection of the tail only, since its reads block.
   * @param base the position before the first event kept.
   */
  constructor(
    private readonly connection: Redis,
    private readonly job: string,
    public base: Position,
  ) {
    void this.read();
  }

  get end(): Position {
    return this.events.at(-1) ?? this.base;
  }

  /** @returns the event after the position, which must not be before the base; undefined at the end. */
  after(position: Position): JobEvent | undefined {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.events[middle]!, position) > 0) high = middle;
      else low = middle + 1;
    }
    return this.events[low];
  }

  /**
   * Calls back once, at the next change.
   * @param what "others": not where only losses were added
   * @returns a function that removes the callback.
   */
  onChange(what: 'any' | 'others', callback: () => void): () => void {
    this.waiting[what].add(callback);
    return () => this.waiting[what].delete(callback);
  }

  close(): void {
    this.closed = true;
    this.connection.disconnect();
  }

  private async read(): Promise<void> {
    while (!this.closed && !this.finished && this.failure === undefined) {
      try {
        const streams = (await this.connection.xreadBuffer(
          'COUNT',
          batchLength,
          'BLOCK',
          silence,
          'STREAMS',
          streamKey(this.job),
          toId(this.end),
        )) as unknown as [Buffer, RawEntry[]][] | null;
        if (streams) this.add(streams[0]![1].map((entry) => decodeEntry(this.job, entry)));
        else await this.lookAtRecord();
      } catch (error) {
        if (this.closed) break;
        if (isOutage(error)) {
          await delay(100);
          continue;
        }
        this.fail(error);
      }
    }
    this.connection.disconnect();
  }

  private add(events: JobEvent[]): void {
    let others = false;
    for (const event of events) {
      const { attempt, seq } = this.end;
      // Entries between may have been moved out of the stream unseen: subscribers that need them read the stream.
      if (event.attempt !== attempt || event.seq !== seq + 1) {
        this.beginAt({ attempt: event.attempt, seq: event.seq - 1 });
        others = true;
      }
      if (event.type !== 'losses') others = true;
      this.events.push(event);
      this.points += pointsOf(event);
      if (event.type === 'state' && isFinal(event.state)) this.finished = true;
    }
    let dropped = 0;
    while (
      this.events.length - dropped > limits.events ||
      (this.points > limits.points && dropped < this.events.length - 1)
    ) {
      const event = this.events[dropped]!;
      this.base = event;
      this.points -= pointsOf(event);
      dropped += 1;
    }
    this.events.splice(0, dropped);
    this.wake('any');
    if (others) this.wake('others');
  }

  private beginAt(base: Position): void {
    this.events = [];
    this.points = 0;
    this.base = base;
  }

  private async lookAtRecord(): Promise<void> {
    const [state, last] = await this.connection.hmget(recordKey(this.job), 'state', 'last');
    if (!state) this.fail(jobDeleted(this.job));
    else if (isFinal(state as JobState) && compare(fromId(last!), this.end) <= 0) this.fail(streamIncomplete(this.job));
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.wake('any');
    this.wake('others');
  }

  private wake(what: 'any' | 'others'): void {
    const callbacks = [...this.waiting[what]];
    this.waiting[what].clear();
    for (const callback of callbacks) callback();
  }
}

function pointsOf(event: JobEvent): number {
  return event.type === 'losses' ? event.points.length : 0;
}
