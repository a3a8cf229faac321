import { signal } from '@preact/signals';
import { ApiError } from '../../../contract/errors.js';
import { isFinal, type Job } from '../../../contract/job.js';
import { LossBuckets } from '../../../contract/loss-buckets.js';
import { api } from '../../service/api.js';
import { eachOf } from '../../service/each-of.js';
import { follow } from '../../service/feed.js';

/** A job beside others. */
export interface ComparedJob {
  readonly job: Job;
  readonly losses: LossBuckets | null;
  /** One past the last meta-iteration. */
  readonly to: number;
}

/** Milliseconds between two series of one job. */
const every = 2000;

/** Some jobs with their losses, live: the shared feed says which have changed. */
export class ComparedJobs {
  /** In the order of the address; those that do not exist are left out. */
  readonly jobs = signal<readonly ComparedJob[] | null>(null);
  readonly missing = signal<readonly string[]>([]);
  readonly failure = signal<ApiError | null>(null);
  private readonly known = new Map<string, ComparedJob>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly stop: () => void;

  /** @param buckets of losses to ask for, per job */
  constructor(
    private readonly ids: readonly string[],
    private readonly buckets: number,
  ) {
    this.stop = follow(({ jobs, reset }) => {
      if (reset) this.load(ids);
      for (const { id } of jobs) if (ids.includes(id)) this.refresh(id);
    });
    this.load(ids);
  }

  close(): void {
    this.stop();
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  /** Soon, and once for all changes until then. */
  private refresh(id: string): void {
    if (this.timers.has(id)) return;
    const timer = setTimeout(() => {
      this.timers.delete(id);
      this.load([id]);
    }, every);
    this.timers.set(id, timer);
  }

  private async load(ids: readonly string[]): Promise<void> {
    try {
      await eachOf(ids, (id) => this.read(id));
      this.failure.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failure.value = error;
    }
    this.jobs.value = this.ids.flatMap((id) => this.known.get(id) ?? []);
  }

  private async read(id: string): Promise<void> {
    const before = this.known.get(id);
    // What has ended does not change.
    if (before && isFinal(before.job.state)) return;
    try {
      const job = await api.get(id);
      if (job.spec.kind === 'compare') {
        this.known.set(id, { job, losses: null, to: 0 });
        return;
      }
      const series = await api.losses(id, { points: this.buckets });
      const losses = new LossBuckets(series.iterationsPerBucket);
      losses.mergeAll(series);
      this.known.set(id, { job, losses, to: series.to });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'not-found') throw error;
      this.known.delete(id);
      this.missing.value = [...new Set([...this.missing.value, id])];
    }
  }
}
