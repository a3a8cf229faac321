import { signal } from '@preact/signals';
import { backoff, pause } from '../../client/backoff.js';
import { cursorOf } from '../../contract/cursor.js';
import { ApiError } from '../../contract/errors.js';
import type { JobEvent } from '../../contract/events.js';
import type { LossBuckets } from '../../contract/loss-buckets.js';
import type { LossSeries } from '../../contract/losses.js';
import { api } from './api.js';
import { LossCurve } from './loss-curve.js';

/** The events that a job's page shows besides its losses. */
const types = ['started', 'validation', 'health', 'progress', 'diverged', 'done', 'state'] as const;

/** Messages with losses per second: a redraw each. */
const rate = 5;

/** Milliseconds between two series while a later attempt repeats meta-iterations. */
const refetchAfter = 1000;

export interface JobLosses {
  readonly buckets: LossBuckets;
  /** One past the last meta-iteration. */
  readonly to: number;
}

export interface JobStreamOptions {
  /** Buckets to ask for: the service answers with at most so many. A half more are kept as losses follow. */
  readonly buckets: number;
  /** Every event but losses, once, in order. */
  onEvent(event: JobEvent): void;
  /** Events begin again from the first, since Redis has lost those after a cursor. */
  onRestart(): void;
}

/**
 * A job's losses and its events, live. Losses begin with a series and continue from its cursor; events come from the
 * first. They come over WebSockets, which browsers do not count among the six connections that all pages of a service
 * share. It recovers by itself from a service that went away: nothing is lost and nothing counted twice.
 */
export class JobStream {
  /** The losses so far; a new object after every change. Null before the first answer. */
  readonly losses = signal<JobLosses | null>(null);
  /** The first meta-iteration of each attempt that {@link findBegin} was asked for; none where it is no longer kept. */
  readonly begins = signal<ReadonlyMap<number, number>>(new Map());
  /** Why it does not go on: the job was deleted, or there is none. */
  readonly failure = signal<ApiError | null>(null);

  private readonly curve: LossCurve;
  private readonly over = new AbortController();
  private readonly asked = new Set<number>();

  constructor(
    private readonly id: string,
    private readonly options: JobStreamOptions,
  ) {
    this.curve = new LossCurve(1.5 * options.buckets);
    this.untilDone(this.follow());
  }

  close(): void {
    this.over.abort();
  }

  /** Finds where an attempt began, once. */
  findBegin(attempt: number): void {
    if (this.asked.has(attempt)) return;
    this.asked.add(attempt);
    this.untilDone(this.readBegin(attempt));
  }

  private async readBegin(attempt: number): Promise<void> {
    for await (const event of this.events({ types: ['losses'], rate: 100, cursor: `${attempt}.0` })) {
      const first = event.type === 'loss-buckets' ? event.iteration[0] : undefined;
      if (event.attempt !== attempt || first === undefined) return;
      this.begins.value = new Map([...this.begins.value, [attempt, first]]);
      return;
    }
  }

  private async follow(): Promise<void> {
    const series = await this.fetch();
    await Promise.all([this.followEvents(), this.followLosses(series)]);
  }

  private async followEvents(): Promise<void> {
    let cursor: string | undefined;
    await this.persist(async () => {
      try {
        for await (const event of this.events({ types, ...(cursor !== undefined && { cursor }) })) {
          if (event.type !== 'truncated') cursor = cursorOf(event);
          this.options.onEvent(event);
        }
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'invalid-cursor') throw error;
        cursor = undefined;
        this.options.onRestart();
        throw unavailable;
      }
    });
  }

  private async followLosses(first: LossSeries): Promise<void> {
    for (let series = first; ; series = await this.fetch()) {
      if (await this.followAfter(series.cursor)) return;
      await pause(refetchAfter, this.over.signal);
    }
  }

  private async fetch(): Promise<LossSeries> {
    const series = await this.persist(() => api.losses(this.id, { points: this.options.buckets }));
    this.over.signal.throwIfAborted();
    this.curve.begin(series);
    this.publish();
    return series;
  }

  /** @returns whether the losses are complete; otherwise another series is needed. */
  private async followAfter(cursor: string): Promise<boolean> {
    try {
      for await (const event of this.events({ types: ['losses'], rate, cursor })) {
        if (event.type === 'truncated') return false;
        if (event.type !== 'losses' && event.type !== 'loss-buckets') continue;
        if (!this.curve.add(event)) return false;
        this.publish();
      }
      return true;
    } catch (error) {
      if (error instanceof ApiError && (error.code === 'unavailable' || error.code === 'invalid-cursor')) return false;
      throw error;
    }
  }

  private events(options: { types: readonly JobEvent['type'][]; rate?: number; cursor?: string }) {
    return api.events(this.id, { ...options, signal: this.over.signal, patience: Number.POSITIVE_INFINITY });
  }

  /** Tries until the service answers. */
  private async persist<T>(act: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 'unavailable') throw error;
        await pause(backoff(tries), this.over.signal);
      }
    }
  }

  private publish(): void {
    const { buckets, to } = this.curve;
    if (buckets) this.losses.value = { buckets, to };
  }

  private async untilDone(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.over.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.failure.value = error;
    }
  }
}

const unavailable = new ApiError('unavailable', 'The events begin again.');
