import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ApiError, type ErrorCode } from '../../src/contract/errors.js';
import type { JobEvent, RunEventOf } from '../../src/contract/events.js';
import type { JobSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import type { Attempt, Attempts } from '../../src/jobs/attempts.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { openAttempts, openJobs } from '../../src/jobs/redis-jobs.js';

export function jobSpec(fields: object = {}): JobSpec {
  return parseJobSpec({
    kind: 'metatrain',
    problem: { name: 'simple' },
    optimizer: { name: 'lstm' },
    training: { iterations: 1000 },
    ...fields,
  });
}

/** Losses of consecutive meta-iterations from this one; point p of meta-iteration i is i + p / 1024, exact in fp32. */
export function losses(iteration: number, iterations: number, perIteration: number): RunEventOf<'losses'> {
  const points = Float32Array.from(
    { length: iterations * perIteration },
    (_, i) => iteration + Math.floor(i / perIteration) + (i % perIteration) / 1024,
  );
  return { type: 'losses', iteration, step: 0, perIteration, points };
}

export interface Harness {
  readonly jobs: Jobs;
  readonly attempts: Attempts;
  readonly artifacts: FolderArtifactStore;
  /** For tests that inspect Redis directly. */
  readonly redis: Redis;
  /** A running job. */
  begin(fields?: object): Promise<{ id: string; attempt: Attempt }>;
  close(): Promise<void>;
}

/** An API's and a worker's side of the same jobs. */
export async function openHarness(
  { url, folder }: { url: string; folder: string },
  options: { maxStreamBytes?: number } = {},
): Promise<Harness> {
  const artifacts = new FolderArtifactStore(join(folder, 'artifacts'));
  const jobs = await openJobs({ redisUrl: url, artifacts });
  const attempts = await openAttempts({ redisUrl: url, artifacts, ...options });
  const redis = new Redis({ path: url, maxRetriesPerRequest: null, retryStrategy: () => 20 });
  redis.on('error', () => {});
  return {
    jobs,
    attempts,
    artifacts,
    redis,
    async begin(fields) {
      const { id } = (await jobs.create(jobSpec(fields))).job;
      return { id, attempt: (await attempts.begin(id))! };
    },
    async close() {
      redis.disconnect();
      await attempts.close();
      await jobs.close();
    },
  };
}

export async function collect(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  const all: JobEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** The identity and order of an event in a stream. */
export function cursors(events: readonly JobEvent[]): string[] {
  return events.map(({ attempt, seq }) => `${attempt}.${seq}`);
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

/** Whether an error has this code, for `assert.rejects`. */
export function errorOf(code: ErrorCode) {
  return (error: unknown) => error instanceof ApiError && error.code === code;
}
