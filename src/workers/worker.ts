import { setTimeout as delay } from 'node:timers/promises';
import { Worker as QueueWorker } from 'bullmq';
import type { Logger } from 'pino';
import { artifactNames } from '../contract/job.js';
import type { ArtifactStore } from '../jobs/artifacts.js';
import type { Attempt, Attempts } from '../jobs/attempts.js';
import { type QueueEntry, queueName, queuePrefix } from '../jobs/queue.js';
import { connectRedis } from '../jobs/redis/connection.js';
import type { Additions } from './additions.js';
import { type Outcome, runAttempt } from './attempt-run.js';
import { SpareChild } from './child-process.js';
import { insist } from './insist.js';
import { keepLock } from './keep-lock.js';

/** Maximum milliseconds for closing: the children's time to stop, and a little to record it. */
const closePatience = 7_000;

export interface WorkerOptions {
  /** `redis://…`, `rediss://…` or the path of a unix socket. */
  redisUrl: string;
  artifacts: ArtifactStore;
  /** The caller closes it, after the worker. */
  attempts: Attempts;
  logger: Logger;
  /** Problems and data sets for the jobs' processes. */
  additions?: Additions | undefined;
  /** Jobs run at a time; 1 by default. */
  concurrency?: number;
  /** Milliseconds after which a job of a silent worker goes to another; 30,000 by default. */
  lockDuration?: number;
  /** Milliseconds between checkpoints of a job; 10,000 by default. */
  checkpointEvery?: number;
  /**
   * Milliseconds that a job waits while the artifact store is full or fails, or no process can be started, before it
   * fails; 600,000 by default.
   */
  storePatience?: number;
}

/** A running job. */
export interface RunningJob {
  job: string;
  attempt: number;
  /** The pid of its process. */
  pid: number;
}

export interface Worker {
  /** The running jobs and their processes. */
  children(): RunningJob[];
  /** Takes no more jobs, and returns the running ones to the queue, each with a checkpoint. */
  close(): Promise<void>;
}

/** Runs jobs from the queue, each in a child process, until closed. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { redisUrl, attempts, logger, concurrency = 1, lockDuration = 30_000 } = options;
  const connection = connectRedis(redisUrl, { maxRetriesPerRequest: null }, logger);
  const spare = new SpareChild(logger, options.additions);
  const shutdown = new AbortController();
  const running = new Set<RunningJob>();

  const queue = new QueueWorker<QueueEntry, void>(
    queueName,
    async ({ id = '', data: { job } }, token = '') => {
      const stopRenewal = keepLock(connection, `${queue.toKey(id)}:lock`, token, lockDuration, logger);
      try {
        const attempt = await insist(() => attempts.begin(job), shutdown.signal, logger.child({ job }));
        if (attempt) await work(attempt);
      } finally {
        stopRenewal();
      }
    },
    {
      connection,
      prefix: queuePrefix,
      concurrency,
      lockDuration,
      stalledInterval: lockDuration,
      // Attempts are counted in the job's record.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    },
  );
  queue.on('error', (error) => logger.error(error, 'queue'));
  queue.on('stalled', (entry) => logger.warn({ entry }, 'a worker stopped responding; its job is queued again'));
  await queue.waitUntilReady();

  async function work(attempt: Attempt): Promise<void> {
    const log = logger.child({ job: attempt.job, attempt: attempt.number });
    const { artifacts, checkpointEvery = 10_000, storePatience = 600_000 } = options;
    let entry: RunningJob | undefined;
    const takeChild = async () => {
      const child = await spare.take(log);
      entry = { job: attempt.job, attempt: attempt.number, pid: child.pid };
      running.add(entry);
      log.info({ pid: child.pid }, 'attempt started');
      return child;
    };
    const outcome = await runAttempt(attempt, takeChild, {
      artifacts,
      shutdown: shutdown.signal,
      checkpointEvery,
      storePatience,
      logger: log,
    }).catch((error): Outcome => {
      log.error(error, 'the attempt failed in the worker');
      return { type: 'failed', failure: { code: 'internal', message: String(error?.message ?? error) } };
    });
    if (entry) running.delete(entry);
    log.info(outcome, 'attempt ended');
    await insist(() => record(attempt, outcome), shutdown.signal, log);
    if (outcome.type === 'succeeded')
      await artifacts
        .delete(attempt.job, artifactNames.checkpoint)
        .catch((error) => log.warn(error, 'cannot delete the checkpoint of a finished job'));
  }

  return {
    children: () => [...running].map((entry) => ({ ...entry })),
    async close() {
      shutdown.abort();
      // Without Redis, the queue would wait for its connection for ever; the locks then expire by themselves.
      const closing = queue.close(connection.status !== 'ready');
      await Promise.race([closing, delay(closePatience, null, { ref: false })]);
      connection.disconnect();
      await spare.end();
    },
  };
}

async function record(attempt: Attempt, outcome: Outcome): Promise<void> {
  switch (outcome.type) {
    case 'succeeded':
      return attempt.succeed();
    case 'failed':
      return attempt.fail(outcome.failure);
    case 'cancelled':
    case 'taken':
      return attempt.cancel();
    case 'shut-down':
      return attempt.release();
    case 'lost':
      await attempt.retry(outcome.failure);
  }
}
