import { signal } from '@preact/signals';
import { backoff } from '../../../client/backoff.js';
import { ApiError } from '../../../contract/errors.js';
import type { JobEvent } from '../../../contract/events.js';
import type { Job } from '../../../contract/job.js';
import { api } from '../../service/api.js';
import { JobStream } from '../../service/job-stream.js';
import { JobHistory } from './job-history.js';

/** What the events say; a new object in every frame in which there were some. */
export interface Told {
  readonly history: JobHistory;
}

/** A job on its page: its record, and what its events say. */
export class JobModel {
  readonly job = signal<Job | null>(null);
  /** Why there is no job to show. */
  readonly failure = signal<ApiError | null>(null);
  /** Null before the job is known. */
  readonly told = signal<Told | null>(null);
  readonly stream: JobStream;
  /** Events that came before the job's record. */
  private readonly early: JobEvent[] = [];
  private history: JobHistory | null = null;
  private frame = 0;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stop: () => void;
  /** Whether the record has changed, too. */
  private outdated = false;

  /** @param buckets of losses to ask for: about two per pixel column */
  constructor(
    readonly id: string,
    buckets: number,
  ) {
    this.stream = new JobStream(id, {
      buckets,
      onEvent: (event) => this.take(event),
      onRestart: () => this.restart(),
    });
    this.stop = this.stream.losses.subscribe(() => this.tell());
    this.load();
  }

  close(): void {
    this.stop();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.stream.close();
  }

  /** Fetches the record again. */
  async load(): Promise<void> {
    clearTimeout(this.timer);
    try {
      const job = await api.get(this.id);
      this.tries = 0;
      this.job.value = job;
      // The first begins with the losses.
      for (let attempt = 2; attempt <= job.attempt; attempt++) this.stream.findBegin(attempt);
      if (this.history) return;
      this.history = new JobHistory(job.spec);
      for (const event of this.early.splice(0)) this.history.add(event);
      this.tell();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code !== 'unavailable') this.failure.value = error;
      // What is shown stays while the service is away.
      else this.timer = setTimeout(() => this.load(), backoff(this.tries++));
    }
  }

  private restart(): void {
    this.early.length = 0;
    const job = this.job.peek();
    this.history = job && new JobHistory(job.spec);
  }

  private take(event: JobEvent): void {
    if (this.history) this.history.add(event);
    else this.early.push(event);
    // The record has more about these: why it failed, its files.
    this.outdated ||= event.type === 'state' || event.type === 'started' || event.type === 'done';
    this.tell();
  }

  private tell(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const { history } = this;
      if (history) {
        const to = this.stream.losses.peek()?.to ?? 0;
        if (to > 0) history.advance('training', to, history.standing.iterations, Date.now());
        this.told.value = { history };
      }
      if (!this.outdated) return;
      this.outdated = false;
      this.load();
    });
  }
}
