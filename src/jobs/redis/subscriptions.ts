import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import type { JobEvent, JobState } from '../../contract/events.js';
import { isFinal } from '../../contract/job.js';
import type { StreamChoice } from '../jobs.js';
import { EventPages } from './event-pages.js';
import { JobTail } from './job-tail.js';
import { recordKey } from './keys.js';
import { Periods } from './periods.js';
import { compare, fromCursor, fromId, start } from './position.js';
import { type EventType, Selection } from './selection.js';
import { noSuchCursor, serviceStops } from './stream-errors.js';
import { Subscription } from './subscription.js';

/** The subscribers of this process, with one tail and one connection per job. */
export class Subscriptions {
  private readonly tails = new Map<string, { tail: JobTail; subscribers: number }>();
  private readonly periods = new Map<number, Periods>();
  private readonly open = new Set<Subscription>();
  private readonly pages: EventPages;

  /**
   * @param redis answers or fails soon.
   * @param patient waits for Redis: a subscriber outlasts an outage.
   * @param connect makes a connection with the given name for a tail.
   * @param cursorPatience milliseconds to wait for a cursor beyond a stream's end
   */
  constructor(
    private readonly redis: Redis,
    patient: Redis,
    private readonly connect: (name: string) => Redis,
    private readonly cursorPatience?: number,
  ) {
    this.pages = new EventPages(patient);
  }

  /** @throws ApiError `invalid-cursor` or `not-found`. */
  async subscribe(
    job: string,
    from: string | null,
    { types, rate }: StreamChoice = {},
  ): Promise<AsyncIterableIterator<JobEvent>> {
    const cursor = from === null ? { ...start, losses: start.seq } : fromCursor(from);
    const [state, last, attempt] = await this.redis.hmget(recordKey(job), 'state', 'last', 'attempt');
    if (!state || !last) throw new ApiError('not-found', `There is no job ${job}.`);
    const end = fromId(last);
    const final = isFinal(state as JobState);
    if (cursor.attempt > Number(attempt) || (final && compare(cursor, end) > 0)) throw noSuchCursor(job, cursor, end);
    const plain = types === undefined && rate === undefined && cursor.losses === cursor.seq;
    const wanted = types === undefined ? null : new Set(types.split(',') as EventType[]);
    const selection = plain ? null : new Selection(cursor, wanted, rate === undefined ? null : this.periodsOf(rate));
    const shared = final ? null : this.share(job, end);
    const subscription: Subscription = new Subscription(
      job,
      { attempt: cursor.attempt, seq: cursor.losses },
      selection,
      shared?.tail ?? null,
      (after) => this.pages.read(job, after, selection?.wantsLosses ?? true),
      () => {
        this.open.delete(subscription);
        if (shared && --shared.subscribers === 0) {
          shared.tail.close();
          if (this.tails.get(job) === shared) this.tails.delete(job);
        }
      },
      this.cursorPatience,
    );
    this.open.add(subscription);
    // A subscriber with the final state has everything.
    if (final && compare(cursor, end) === 0) await subscription.return();
    return subscription;
  }

  async close(): Promise<void> {
    for (const subscription of this.open) subscription.fail(serviceStops());
  }

  private periodsOf(rate: number): Periods {
    const periods = this.periods.get(rate) ?? new Periods(rate);
    this.periods.set(rate, periods);
    return periods;
  }

  private share(job: string, end: ReturnType<typeof fromId>): { tail: JobTail; subscribers: number } {
    let shared = this.tails.get(job);
    if (!shared) {
      shared = { tail: new JobTail(this.connect(`metadescent-tail-${job}`), job, end), subscribers: 0 };
      this.tails.set(job, shared);
    }
    shared.subscribers += 1;
    return shared;
  }
}
