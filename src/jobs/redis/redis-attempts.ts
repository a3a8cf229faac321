import { createHash, randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BaseLogger } from 'pino';
import type { JobFailure, RunEvent } from '../../contract/events.js';
import { artifactNames } from '../../contract/job.js';
import type { JobSpec } from '../../contract/spec.js';
import type { ArtifactStore } from '../artifacts.js';
import { type Attempt, AttemptLost, type Attempts } from '../attempts.js';
import type { OpenJobsOptions } from '../jobs.js';
import { type QueueEntry, queueName, queuePrefix } from '../queue.js';
import type { Timed } from '../work.js';
import type { Holder } from './append-entries.js';
import { beginAttempt } from './begin-attempt.js';
import { connectRedis } from './connection.js';
import { enterQueue } from './enter-queue.js';
import { attemptsChannel, recordKey } from './keys.js';
import { learnedOf, ownerOfWeights } from './optimizer-record.js';
import { recordRates } from './rates.js';
import { StreamWriter } from './stream-writer.js';

/** Bytes that a job's stream may hold before its oldest entries move to an artifact. */
const maxStreamBytes = 64 << 20;

export interface OpenAttemptsOptions extends OpenJobsOptions {
  /** Maximum bytes of one job's stream in Redis; 64 MiB by default. */
  maxStreamBytes?: number;
}

/** A running attempt of this process, for messages about it. */
interface Running {
  job: string;
  token: string;
  stop: AbortController;
}

export class RedisAttempts implements Attempts {
  private readonly redis: Redis;
  private readonly messages: Redis;
  private readonly queue: Queue<QueueEntry>;
  private readonly artifacts: ArtifactStore;
  private readonly logger: BaseLogger | undefined;
  private readonly maxStreamBytes: number;
  private readonly running = new Set<Running>();
  private readonly closed = new AbortController();

  constructor(options: OpenAttemptsOptions) {
    this.logger = options.logger;
    this.artifacts = options.artifacts;
    this.maxStreamBytes = options.maxStreamBytes ?? maxStreamBytes;
    // A worker's commands wait for Redis as long as it takes.
    this.redis = connectRedis(options.redisUrl, { maxRetriesPerRequest: null }, this.logger);
    this.messages = connectRedis(options.redisUrl, { maxRetriesPerRequest: null }, this.logger);
    this.queue = new Queue(queueName, { connection: this.redis, prefix: queuePrefix });
    this.queue.on('error', (error) => this.logger?.warn(error, 'queue'));
  }

  async open(): Promise<this> {
    this.messages.on('message', (_, message: string) => this.receive(message));
    await this.messages.subscribe(attemptsChannel);
    // Messages sent while the connection was down are lost.
    this.messages.on('ready', () => this.lookAgain().catch((error) => this.logger?.warn(error, 'attempts')));
    return this;
  }

  async begin(job: string): Promise<Attempt | null> {
    const running = { job, token: randomUUID(), stop: new AbortController() };
    const startedAt = Date.now();
    // Added before it begins, since a message about it may overtake the reply.
    this.running.add(running);
    try {
      const begun = await beginAttempt(this.redis, job, running.token, startedAt);
      if (begun) {
        const holder = { job, token: running.token, attempt: begun.number, startedAt };
        return this.attempt(holder, begun, running);
      }
    } catch (error) {
      this.running.delete(running);
      throw error;
    }
    this.running.delete(running);
    return null;
  }

  async close(): Promise<void> {
    this.closed.abort();
    await this.queue.close();
    this.messages.disconnect();
    this.redis.disconnect();
  }

  private attempt(
    holder: Holder,
    { spec, weightsSha256 }: { spec: JobSpec; weightsSha256: string | null },
    running: Running,
  ): Attempt {
    const { redis, artifacts, maxStreamBytes, logger, queue } = this;
    const { job } = holder;
    const closed = this.closed.signal;
    const writer = new StreamWriter(holder, running.stop, { redis, artifacts, spec, maxStreamBytes, logger, closed });
    let timed: readonly Timed[] = [];
    const end = async (...how: Parameters<StreamWriter['end']>) => {
      // Before the state, so that whoever sees that finds the rates. A full Redis refuses them.
      await this.record(spec, timed).catch((error) => logger?.warn({ err: error, job }, 'rates'));
      const outcome = await writer.end(...how);
      this.running.delete(running);
      return outcome;
    };
    const again = async (reason: JobFailure | null) => {
      const outcome = await end('queued', reason);
      if (outcome?.state !== 'queued') return false;
      await enterQueue(queue, job, outcome.entry);
      return true;
    };
    return {
      job,
      number: holder.attempt,
      spec,
      weightsSha256,
      signal: running.stop.signal,
      async namedWeights() {
        const owner = spec.kind === 'compare' ? await ownerOfWeights(redis, spec.optimizer) : null;
        const bytes = owner === null ? null : await artifacts.read(owner, artifactNames.weights);
        return bytes && { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
      },
      append: (event: RunEvent) => writer.append(event),
      measure(work: readonly Timed[]) {
        timed = work;
      },
      async succeed() {
        await end('succeeded', null);
      },
      async fail(failure: JobFailure) {
        await end('failed', failure);
      },
      async cancel() {
        await end('cancelled', null);
      },
      retry: (failure: JobFailure) => again(failure),
      async release() {
        await again(null);
      },
    };
  }

  private async record(spec: JobSpec, timed: readonly Timed[]): Promise<void> {
    const optimizer = timed.length > 0 ? await learnedOf(this.redis, spec) : null;
    if (optimizer) await recordRates(this.redis, spec, optimizer, timed);
  }

  private receive(message: string): void {
    const [job, token] = message.split(' ');
    for (const { stop, ...running } of this.running) {
      if (running.job !== job || running.token === token) continue;
      stop.abort(token === undefined ? cancelled() : new AttemptLost(job));
    }
  }

  private async lookAgain(): Promise<void> {
    for (const { job, token, stop } of this.running) {
      const [cancel, holder] = await this.redis.hmget(recordKey(job), 'cancel', 'holder');
      if (cancel) stop.abort(cancelled());
      else if (holder && holder !== token) stop.abort(new AttemptLost(job));
    }
  }
}

function cancelled(): Error {
  return new Error('The job is to be cancelled.');
}
