import type { BaseLogger } from 'pino';
import type { JobEvent } from '../contract/events.js';
import type { Job } from '../contract/job.js';
import type { JobList } from '../contract/lists.js';
import type { LossSeries } from '../contract/losses.js';
import type { Asked, JobsQuery, LossesQuery } from '../contract/queries.js';
import type { JobSpec } from '../contract/spec.js';
import type { ArtifactStore } from './artifacts.js';
import type { Optimizers } from './optimizers.js';

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
  list(query: JobsQuery): Promise<JobList>;
  /** A queued job is cancelled at once, a running one soon after; a cancelled one stays so. @throws `conflict`. */
  cancel(id: string): Promise<Job>;
  /** Record, stream and artifacts go. @throws ApiError `conflict` unless the job is in a final state. */
  delete(id: string): Promise<void>;
  losses(id: string, query: Asked<LossesQuery>): Promise<LossSeries>;
  /**
   * Every event after the cursor (null: from the first one), then the live ones, until the final `state`: the iteration
   * is done after that one only. The events are shared among subscribers: do not change them; a WeakMap can hold what
   * they are encoded to. `return()` ends a wait at once.
   * @throws ApiError `invalid-cursor` or `not-found`, before anything is delivered. The iteration throws `deleted`;
   *   `invalid-cursor` for a cursor that has stayed beyond the end; `unavailable` where it can be subscribed to again.
   */
  subscribe(id: string, cursor: string | null): Promise<AsyncIterableIterator<JobEvent>>;
  readonly artifacts: ArtifactStore;
  readonly optimizers: Optimizers;
  /** Resolves if Redis answers, takes writes, and keeps what is written. @throws ApiError `unavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenJobsOptions {
  /** `redis://…`, `rediss://…` or the path of a unix socket. */
  redisUrl: string;
  artifacts: ArtifactStore;
  logger?: BaseLogger;
  /**
   * Milliseconds that a subscriber's cursor may lie beyond the stream's end before it is refused; 30,000 by default. A
   * Redis that dies may lose the latest events, which the job's worker then appends again.
   */
  cursorPatience?: number;
}
