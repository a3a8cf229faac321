import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BaseLogger } from 'pino';
import type { DryRun } from '../../contract/dry-run.js';
import { presumedEngine } from '../../contract/engines.js';
import { ApiError, invalidField } from '../../contract/errors.js';
import type { JobEvent, JobState } from '../../contract/events.js';
import { checkTransfer, networkWidths } from '../../contract/groups.js';
import { artifactNames, isFinal, type Job } from '../../contract/job.js';
import { checkSize, peakMemory } from '../../contract/limits.js';
import type { JobChanges, JobList, JobSummaryList } from '../../contract/lists.js';
import type { LossSeries } from '../../contract/losses.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { Asked, ChangesQuery, JobsQuery, LossesQuery } from '../../contract/queries.js';
import type { JobSpec } from '../../contract/spec.js';
import type { TrainedOptimizerRef } from '../../contract/trained.js';
import type { ArtifactStore } from '../artifacts.js';
import { createJobId, isJobId } from '../ids.js';
import type { Jobs, LossPoints, OpenJobsOptions, StreamChoice } from '../jobs.js';
import { type QueueEntry, queueName, queuePrefix } from '../queue.js';
import { cancelJob } from './cancel-job.js';
import { checkServer, checkWritable } from './check-server.js';
import { connectRedis, impatient } from './connection.js';
import { createJob } from './create-job.js';
import { deleteJob } from './delete-job.js';
import { enterQueue, reconcile } from './enter-queue.js';
import { Followers } from './followers.js';
import { findByKey, hashDocument } from './idempotency.js';
import { indexJobs } from './index-jobs.js';
import { idempotencyKey, recordKey, recordPrefix } from './keys.js';
import { listRecords, listSummaries } from './list-jobs.js';
import type { LossStore } from './losses/points.js';
import { readEveryPoint, readLosses } from './losses/read-losses.js';
import { orUnavailable } from './or-unavailable.js';
import { estimateSeconds } from './rates.js';
import { type JobRecord, toJob } from './record.js';
import { RedisOptimizers } from './redis-optimizers.js';
import { Subscriptions } from './subscriptions.js';

/** Interval between comparisons of the queue with the records, and the minimum age of the jobs checked, ms. */
const reconciliation = { interval: 30_000, minAge: 5_000 };

export class RedisJobs implements Jobs {
  readonly artifacts: ArtifactStore;
  readonly optimizers: RedisOptimizers;
  /** For requests: answers or fails soon. */
  private readonly redis: Redis;
  /** For background work: waits for Redis. */
  private readonly patient: Redis;
  private readonly queue: Queue<QueueEntry>;
  private readonly subscriptions: Subscriptions;
  private readonly followers: Followers;
  private readonly logger: BaseLogger | undefined;
  private readonly timer: NodeJS.Timeout;
  private reconciling: Promise<void> = Promise.resolve();

  constructor({ redisUrl, artifacts, logger, cursorPatience }: OpenJobsOptions) {
    this.artifacts = artifacts;
    this.logger = logger;
    this.redis = connectRedis(redisUrl, impatient, logger);
    this.patient = connectRedis(redisUrl, { maxRetriesPerRequest: null }, logger);
    this.optimizers = new RedisOptimizers(this.redis, artifacts);
    this.queue = new Queue(queueName, { connection: this.redis, prefix: queuePrefix });
    this.queue.on('error', (error) => logger?.warn(error, 'queue'));
    const connect = (connectionName: string) =>
      connectRedis(redisUrl, { maxRetriesPerRequest: null, connectionName }, logger);
    this.subscriptions = new Subscriptions(this.redis, this.patient, connect, cursorPatience);
    this.followers = new Followers(this.redis, this.patient);
    this.timer = setInterval(() => this.reconcile(), reconciliation.interval);
    this.timer.unref();
  }

  open(): this {
    this.reconcile();
    return this;
  }

  create(submitted: JobSpec, clientKey?: string): Promise<{ job: Job; created: boolean }> {
    return orUnavailable(async () => {
      const hash = hashDocument(submitted);
      const key = clientKey === undefined ? undefined : idempotencyKey(clientKey, 'jobs');
      const known = key === undefined ? null : await findByKey(this.redis, key, recordPrefix, hash);
      if (known) return this.known(known.id, known.same);
      const { spec, weightsSha256 } = await this.resolve(submitted);
      const { outcome, job } = await createJob(this.redis, createJobId(), spec, key, hash, weightsSha256);
      if (outcome !== 'created') return this.known(job, outcome === 'known');
      // The job exists now: if adding it to the queue fails, the reconciliation does it.
      await enterQueue(this.queue, job, `${job}-1`).catch((error) => this.logger?.warn({ err: error, job }, 'queue'));
      return { job: await this.read(job), created: true };
    });
  }

  dryRun(submitted: JobSpec): Promise<DryRun> {
    return orUnavailable(async () => {
      const { spec, optimizer } = await this.resolve(submitted);
      const seconds = await estimateSeconds(this.redis, spec, optimizer);
      return { spec, memoryBytes: peakMemory(spec), seconds };
    });
  }

  get(id: string): Promise<Job> {
    return orUnavailable(() => this.read(id));
  }

  list(query: Omit<JobsQuery, 'fields'>): Promise<JobList> {
    return orUnavailable(async () => {
      const { jobs, next } = await listRecords(this.redis, query);
      return { jobs: await Promise.all(jobs.map(([id, record]) => this.show(id, record))), next };
    });
  }

  summaries(query: Omit<JobsQuery, 'fields'>): Promise<JobSummaryList> {
    return orUnavailable(() => listSummaries(this.redis, query));
  }

  cancel(id: string): Promise<Job> {
    return orUnavailable(async () => {
      const { outcome, detail } = await cancelJob(this.redis, mustBeId(id));
      if (outcome === 'missing') throw notFound(id);
      if (outcome === 'final' && detail !== 'cancelled')
        throw new ApiError('conflict', `The job ${id} has ${detail}: it can no longer be cancelled.`);
      // A worker that already has the entry finds nothing to do.
      if (outcome === 'cancelled')
        await this.queue.remove(detail).catch((error) => this.logger?.debug({ err: error, job: id }, 'queue'));
      return this.read(id);
    });
  }

  delete(id: string): Promise<void> {
    return orUnavailable(async () => {
      const { state } = await this.read(id);
      if (!isFinal(state))
        throw new ApiError('conflict', `The job ${id} is ${state}: cancel it first, or wait until it ends.`);
      await this.artifacts.delete(id);
      await deleteJob(this.redis, id);
    });
  }

  losses(id: string, query: Asked<LossesQuery>): Promise<LossSeries> {
    return orUnavailable(async () => (await readLosses(this.lossStore(id), query)) ?? thereIsNone(id));
  }

  lossPoints(id: string, range: Asked<Pick<LossesQuery, 'from' | 'to'>>): Promise<AsyncIterable<LossPoints>> {
    return orUnavailable(async () => (await readEveryPoint(this.lossStore(id), range)) ?? thereIsNone(id));
  }

  subscribe(id: string, cursor: string | null, choice?: StreamChoice): Promise<AsyncIterableIterator<JobEvent>> {
    return orUnavailable(() => this.subscriptions.subscribe(mustBeId(id), cursor, choice));
  }

  follow(query: ChangesQuery): Promise<AsyncIterableIterator<JobChanges>> {
    return orUnavailable(() => this.followers.follow(query));
  }

  ping(): Promise<void> {
    return orUnavailable(async () => {
      await checkServer(this.redis);
      await checkWritable(this.redis);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.subscriptions.close();
    this.followers.close();
    this.patient.disconnect();
    await this.reconciling;
    await this.queue.close();
    this.redis.disconnect();
  }

  private lossStore(id: string): LossStore {
    return { redis: this.redis, artifacts: this.artifacts, job: mustBeId(id) };
  }

  private reconcile(): void {
    this.reconciling = this.reconciling.then(async () => {
      try {
        const entered = await reconcile(this.patient, this.queue, reconciliation.minAge);
        if (entered.length > 0) this.logger?.warn({ jobs: entered }, 'queued jobs that were missing from the queue');
        await indexJobs(this.patient);
      } catch (error) {
        this.logger?.debug(error, 'reconciliation');
      }
    });
  }

  private async known(id: string, same: boolean): Promise<{ job: Job; created: boolean }> {
    if (same) return { job: await this.read(id), created: false };
    throw new ApiError(
      'idempotency-conflict',
      `This Idempotency-Key was already used with a different document (job ${id}); use a new key.`,
    );
  }

  /**
   * The spec with its reference to an optimizer resolved, which must have weights, fit the problem and not be too
   * large.
   * @returns also the learned optimizer that it trains or names, and the digest of the weights; null if they may still change, or none are named
   * @throws ApiError `invalid-document`
   */
  private async resolve(
    spec: JobSpec,
  ): Promise<{ spec: JobSpec; optimizer: LearnedSpec; weightsSha256: string | null }> {
    if (spec.kind !== 'compare') return { spec, optimizer: spec.optimizer, weightsSha256: null };
    const { ref, optimizer, widths, weightsSha256 } = await this.trained(spec.optimizer);
    const [misfit] = checkTransfer(optimizer, widths, spec.problem);
    if (misfit) {
      const { pointer, found, allowed } = misfit;
      const needed = `a problem that the optimizer fits: its ${pointer} is ${found} here, allowed: ${allowed}`;
      throw invalidField('/problem/name', spec.problem.name, needed);
    }
    const excess = checkSize(optimizer, spec.problem, presumedEngine(spec, optimizer));
    if (excess) throw invalidField(excess.pointer, excess.found, excess.allowed);
    return { spec: { ...spec, optimizer: ref }, optimizer, weightsSha256 };
  }

  /** A trained optimizer, and the number of coordinates that each of its networks sees at a time. */
  private async trained(ref: TrainedOptimizerRef) {
    if ('name' in ref) {
      const { name, version, optimizer, widths, provenance, sha256 } = await this.optimizers.resolve(ref);
      return {
        ref: { name, version },
        optimizer,
        widths: widths ?? networkWidths(optimizer, provenance.problem!),
        weightsSha256: sha256,
      };
    }
    const { job } = ref;
    const [state, record] = isJobId(job) ? await this.redis.hmget(recordKey(job), 'state', 'spec') : [];
    const spec: JobSpec | null = record ? JSON.parse(record) : null;
    // After the state: the weights of a final job no longer change.
    const weights = spec && (await this.artifacts.stat(job, artifactNames.weights));
    if (weights && spec.kind === 'metatrain') {
      const { optimizer, problem } = spec;
      const widths = networkWidths(optimizer, problem);
      return { ref, optimizer, widths, weightsSha256: isFinal(state as JobState) ? weights.etag : null };
    }
    throw invalidField('/optimizer/job', job, 'the id of a job that has weights');
  }

  private async read(id: string): Promise<Job> {
    const record = await this.redis.hgetall(recordKey(mustBeId(id)));
    if (record.state === undefined) throw notFound(id);
    return this.show(id, record);
  }

  private async show(id: string, record: JobRecord): Promise<Job> {
    return toJob(id, record, await this.artifacts.list(id));
  }
}

function mustBeId(id: string): string {
  if (!isJobId(id)) throw notFound(id);
  return id;
}

/** @throws ApiError `not-found` */
function thereIsNone(id: string): never {
  throw notFound(id);
}

function notFound(id: string): ApiError {
  return new ApiError('not-found', `There is no job ${JSON.stringify(id.slice(0, 80))}.`);
}
