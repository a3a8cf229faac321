import type { BaseLogger } from 'pino';
import type { JobEvent, JobState } from '../contract/events.js';
import type { Job } from '../contract/job.js';
import type { LossSeries } from '../contract/losses.js';
import type { JobSpec } from '../contract/spec.js';
import type { ArtifactStore } from './artifacts.js';
import type { Optimizers } from './optimizers.js';

export interface ListQuery {
  state?: JobState | undefined;
  label?: string | undefined;
  /** What an earlier page gave as `next`. */
  cursor?: string | undefined;
  limit: number;
}

export interface LossQuery {
  /** First meta-iteration; 0 by default. */
  from?: number | undefined;
  /** One past the last meta-iteration; all that there are by default. */
  to?: number | undefined;
  /** Buckets at most; 1000 by default. */
  points?: number | undefined;
}

/** What can be done with jobs. All methods throw ApiError; an id that no job has is `not-found`. */
export interface Jobs {
  /**
   * Enters a complete spec, as `parseJobSpec` returns it, into the queue.
   * @returns the job, and whether it is new: the same key with the same spec gives the job that is already there.
   * @throws ApiError `idempotency-conflict`: the key came with another spec; `invalid-document`: the trained
   *   optimizer that it names has no weights, or is not registered.
   */
  create(spec: JobSpec, idempotencyKey?: string): Promise<{ job: Job; created: boolean }>;
  get(id: string): Promise<Job>;
  /** Newest first. @throws ApiError `invalid-cursor`. */
  list(query: ListQuery): Promise<{ jobs: Job[]; next: string | null }>;
  /** A queued job is cancelled at once, a running one soon after; a cancelled one stays so. @throws `conflict`. */
  cancel(id: string): Promise<Job>;
  /** Record, stream and artifacts go. @throws ApiError `conflict` unless the job is in a final state. */
  delete(id: string): Promise<void>;
  losses(id: string, query: LossQuery): Promise<LossSeries>;
  /**
   * Every event after the cursor (null: from the first one), then the live ones, until the final `state`. The events
   * are shared among subscribers: do not change them; a WeakMap can hold what they are encoded to. `return()` ends a
   * wait at once.
   * @throws ApiError `invalid-cursor` or `not-found`, before anything is delivered.
   */
  subscribe(id: string, cursor: string | null): Promise<AsyncIterableIterator<JobEvent>>;
  readonly artifacts: ArtifactStore;
  readonly optimizers: Optimizers;
  /** Resolves if Redis answers. @throws ApiError `unavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenJobsOptions {
  /** `redis://…`, `rediss://…` or the path of a unix socket. */
  redisUrl: string;
  artifacts: ArtifactStore;
  logger?: BaseLogger;
}
