import { signal } from '@preact/signals';
import { backoff } from '../../client/backoff.js';
import { ApiError, type ErrorCode, type ErrorDocument } from '../../contract/errors.js';
import type { JobEvent } from '../../contract/events.js';
import type { LossBuckets } from '../../contract/loss-buckets.js';
import { api } from './api.js';
import { LossJoin, type Next } from './loss-join.js';

/** The events that a job's page shows. */
const types = ['started', 'losses', 'validation', 'health', 'progress', 'diverged', 'done', 'state'] as const;

/** Messages with losses per second: a redraw each. */
const rate = 5;

/** Milliseconds between two series while a later attempt repeats meta-iterations. */
const refetchAfter = 1000;

export interface JobLosses {
  readonly buckets: LossBuckets;
  /** One past the last meta-iteration. */
  readonly to: number;
  /** The first meta-iteration of each attempt; NaN where it is not known. */
  readonly begins: ReadonlyMap<number, number>;
}

export interface JobStreamOptions {
  /** Buckets to ask for and to keep: about two per pixel column. */
  readonly buckets: number;
  /** Every event but losses, once, in order. */
  onEvent(event: JobEvent): void;
}

/**
 * A job's events and its losses, live. It has one connection at a time, and recovers by itself: from a service that went
 * away, nothing is lost and nothing counted twice ({@link LossJoin}).
 */
export class JobStream {
  /** The losses so far; a new object after every change. Null before the first answer. */
  readonly losses = signal<JobLosses | null>(null);
  /** Whether the events are followed, or have all been received. */
  readonly connected = signal(false);
  /** Why it does not go on: the job was deleted, or there is none. */
  readonly failure = signal<ApiError | null>(null);

  private readonly join: LossJoin;
  private source: EventSource | null = null;
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private closed = false;
  private fetching = false;
  /** Whether to fetch once more: the series under way may have been read too early. */
  private again = false;
  private tries = 0;

  constructor(
    private readonly id: string,
    private readonly options: JobStreamOptions,
  ) {
    this.join = new LossJoin(1.5 * options.buckets, (event) => options.onEvent(event));
    this.open();
    this.fetch();
  }

  close(): void {
    this.closed = true;
    this.source?.close();
    for (const timer of this.timers) clearTimeout(timer);
  }

  private open(cursor?: string): void {
    this.source?.close();
    const query = new URLSearchParams({ types: types.join(','), rate: String(rate) });
    if (cursor !== undefined) query.set('cursor', cursor);
    const source = new EventSource(api.url(`jobs/${encodeURIComponent(this.id)}/events?${query}`));
    this.source = source;
    /** Where a new connection resumes, if the browser gives this one up. */
    let last = cursor;
    source.addEventListener('open', () => {
      this.tries = 0;
      this.connected.value = true;
    });
    const receive = (message: MessageEvent<string>) => {
      last = message.lastEventId;
      this.receive(JSON.parse(message.data) as JobEvent);
    };
    for (const type of [...types, 'loss-buckets', 'truncated']) source.addEventListener(type, receive);
    source.addEventListener('error', (event) => {
      if (source !== this.source) return;
      this.connected.value = false;
      if (event instanceof MessageEvent && this.isFatal(JSON.parse(String(event.data)) as ErrorDocument)) return;
      // Otherwise the browser connects again by itself, with the cursor of the last event.
      if (source.readyState === EventSource.CLOSED) this.later(backoff(this.tries++), () => this.reopen(last));
    });
  }

  /** A refusal has no reason in an EventSource: the job itself is asked whether it is still there. */
  private async reopen(cursor: string | undefined): Promise<void> {
    try {
      await api.get(this.id);
      this.open(cursor);
    } catch (error) {
      if (!this.fail(error)) this.later(backoff(this.tries++), () => this.reopen(cursor));
    }
  }

  private receive(event: JobEvent): void {
    this.act(this.join.take(event));
    if (event.type === 'losses' || event.type === 'loss-buckets') this.publish();
    if (event.type !== 'state' || !isFinal(event)) return;
    this.source?.close();
    this.connected.value = true;
    if (this.join.isStale) this.fetch();
  }

  private act(next: Next): void {
    if (next === 'refetch') this.later(refetchAfter, () => this.fetch());
    else if (next !== 'go on') this.open(next.reopenAt);
  }

  private async fetch(): Promise<void> {
    this.again = this.fetching;
    if (this.fetching) return;
    this.fetching = true;
    try {
      const series = await api.losses(this.id, { points: this.options.buckets });
      if (this.closed) return;
      this.act(this.join.begin(series));
      this.publish();
    } catch (error) {
      if (!this.fail(error)) this.later(backoff(this.tries++), () => this.fetch());
    } finally {
      this.fetching = false;
    }
    if (this.again) this.fetch();
  }

  private publish(): void {
    const { buckets, to, begins } = this.join;
    if (buckets) this.losses.value = { buckets, to, begins };
  }

  private isFatal({ code, detail }: ErrorDocument): boolean {
    // The stream has lost its end, in a crash of Redis: from its beginning, then.
    if (code === 'invalid-cursor') {
      this.open();
      this.fetch();
    }
    return this.fail(new ApiError(code as ErrorCode, detail));
  }

  /** @returns whether trying again is useless. */
  private fail(error: unknown): boolean {
    if (!(error instanceof ApiError)) throw error;
    const isLasting = error.code === 'not-found' || error.code === 'deleted';
    if (isLasting) {
      this.source?.close();
      this.failure.value = error;
    }
    return isLasting || this.closed;
  }

  private later(milliseconds: number, act: () => void): void {
    if (this.closed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, milliseconds);
    this.timers.add(timer);
  }
}

function isFinal(event: JobEvent & { type: 'state' }): boolean {
  return event.state === 'succeeded' || event.state === 'failed' || event.state === 'cancelled';
}
