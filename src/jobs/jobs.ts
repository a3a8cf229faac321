import type { BaseLogger } from 'pino';
import type { DryRun } from '../contract/dry-run.js';
import type { JobEvent } from '../contract/events.js';
import type { Job } from '../contract/job.js';
import type { JobChanges, JobList, JobSummaryList } from '../contract/lists.js';
import type { LossSeries } from '../contract/losses.js';
import type { Asked, ChangesQuery, JobsQuery, LossesQuery, StreamQuery } from '../contract/queries.js';
import type { JobSpec } from '../contract/spec.js';
import type { ArtifactStore } from './artifacts.js';
import type { Optimizers } from './optimizers.js';

/** Losses of consecutive meta-iterations, `perIteration` points of each. */
export interface LossPoints {
  /** The first meta-iteration. */
  readonly iteration: number;
  readonly perIteration: number;
  readonly points: Float32Array;
}

/** What a subscriber gets of a job's events. */
export type StreamChoice = Asked<Omit<StreamQuery, 'cursor'>>;

/** The store of jobs. All methods throw ApiError; an unknown id is `not-found`. */
export interface Jobs {
  /**
   * Queues a job with a complete spec, as returned by `parseJobSpec`.
   * @returns the job, and whether it is new: the same key with the same spec returns the existing job.
   * @throws ApiError `idempotency-conflict`: the key was used with another spec; `invalid-document`: the trained
   * optimizer that it names has no weights, or is not registered.
   */
  create(spec: JobSpec, idempotencyKey?: string): Promise<{ job: Job; created: boolean }>;
  /**
   * What `create` would make of a complete spec. Creates nothing.
   * @throws ApiError `invalid-document`, as `create`
   */
  dryRun(spec: JobSpec): Promise<DryRun>;
  get(id: string): Promise<Job>;
  /**
   * Newest first. A page may have fewer jobs than the limit, or none, and still a next one: a request looks at a few
   * thousand jobs. @throws ApiError `invalid-cursor`.
   */
  list(query: Omit<JobsQuery, 'fields'>): Promise<JobList>;
  /** The same jobs without their documents. */
  summaries(query: Omit<JobsQuery, 'fields'>): Promise<JobSummaryList>;
  /** Cancels a queued job at once, a running one soon; no effect on a cancelled one. @throws `conflict`. */
  cancel(id: string): Promise<Job>;
  /** Deletes record, stream and artifacts. @throws ApiError `conflict` unless the job is in a final state. */
  delete(id: string): Promise<void>;
  losses(id: string, query: Asked<LossesQuery>): Promise<LossSeries>;
  /**
   * Every point of the meta-iterations [from, to) so far, in order, read as it is consumed.
   * @throws ApiError `deleted`, while it is read
   */
  lossPoints(id: string, range: Asked<Pick<LossesQuery, 'from' | 'to'>>): Promise<AsyncIterable<LossPoints>>;
  /**
   * Every event after the cursor (null: from the first), of the types asked for, then live events, until the final
   * `state`: the iteration is done only after that. With a rate, losses are summed up. The cursor may be of a stream with
   * another choice. Subscribers share the events: do not change them; a WeakMap can hold their encodings. `return()` ends
   * a wait at once.
   * @throws ApiError `invalid-cursor` or `not-found`, before anything is delivered. The iteration throws `deleted`;
   * `invalid-cursor` for a cursor that stays beyond the end; `unavailable` if the caller should subscribe again.
   */
  subscribe(id: string, cursor: string | null, choice?: StreamChoice): Promise<AsyncIterableIterator<JobEvent>>;
  /**
   * What changes in lists of jobs: their states and progress, at most four messages per second, until the caller ends it.
   * The first message comes at once. Whoever takes one late gets the latest state. A message may repeat a job that has
   * not changed.
   * @throws ApiError `invalid-cursor`. The iteration throws `unavailable` if the caller should follow again.
   */
  follow(query: ChangesQuery): Promise<AsyncIterableIterator<JobChanges>>;
  readonly artifacts: ArtifactStore;
  readonly optimizers: Optimizers;
  /** Resolves if Redis answers, accepts writes, and keeps them. @throws ApiError `unavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenJobsOptions {
  /** `redis://…`, `rediss://…` or the path of a unix socket. */
  redisUrl: string;
  artifacts: ArtifactStore;
  logger?: BaseLogger;
  /**
   * Milliseconds that a subscriber's cursor may be beyond the stream's end before it is refused; 30,000 by default. If
   * Redis crashes it may lose the latest events, which the job's worker then appends again.
   */
  cursorPatience?: number;
}
