import { join } from 'node:path';
import { after, before } from 'node:test';
import { Queue } from 'bullmq';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { Redis } from 'ioredis';
import { buildApp } from '../../src/api/app.js';
import type { Patience } from '../../src/api/connections.js';
import type { Job } from '../../src/contract/job.js';
import type { JobSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import type { Attempt, Attempts } from '../../src/jobs/attempts.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { queueName, queuePrefix } from '../../src/jobs/queue.js';
import { openAttempts, openJobs } from '../../src/jobs/redis-jobs.js';
import { type RedisServer, startRedisServer } from '../../src/service/redis/server.js';
import { createTemporaryFolder } from '../support/redis.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** @throws SyntaxError where the body is not JSON. */
  json<T = Record<string, unknown>>(): T;
}

export interface RequestOptions {
  readonly headers?: Record<string, string>;
  /** Text and bytes are sent unchanged, anything else as JSON. */
  readonly body?: unknown;
  /** Reads the response only until it has this text. */
  readonly until?: string;
}

/** The API over real HTTP, with real jobs in its own Redis. Filled in before the suite's first test. */
export class TestApi {
  url = '';
  app!: FastifyInstance;
  jobs!: Jobs;
  attempts!: Attempts;
  redis!: RedisServer;

  async request(method: string, path: string, { headers = {}, body, until }: RequestOptions = {}): Promise<Answer> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : raw ? body : JSON.stringify(body),
      redirect: 'manual',
    });
    const bytes = until === undefined ? Buffer.from(await response.arrayBuffer()) : await readUntil(response, until);
    return { status: response.status, headers: response.headers, bytes, json: () => JSON.parse(bytes.toString()) };
  }

  /** Entries of the queue, by their state. */
  async queueCounts(): Promise<Record<string, number>> {
    const connection = new Redis(this.redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue(queueName, { connection, prefix: queuePrefix });
    try {
      return await queue.getJobCounts();
    } finally {
      await queue.close();
      connection.disconnect();
    }
  }

  /** Submits a job. */
  async submit(spec: object = sampleSpec()): Promise<Job> {
    const answer = await this.request('POST', '/jobs', { body: spec });
    if (answer.status !== 201) throw new Error(`POST /jobs: ${answer.status} ${answer.bytes}`);
    return answer.json<Job>();
  }

  /** Submits a job and begins its first attempt, as a worker would. */
  async begin(spec: object = sampleSpec()): Promise<Attempt> {
    const { id } = await this.submit(spec);
    const attempt = await this.attempts.begin(id);
    if (!attempt) throw new Error('the job could not be begun');
    return attempt;
  }
}

async function readUntil({ body }: Response, text: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    if (Buffer.concat(chunks).includes(text)) break;
  }
  return Buffer.concat(chunks);
}

/** A small job's complete spec. */
export function sampleSpec(fields: object = {}): JobSpec {
  return parseJobSpec({
    kind: 'metatrain',
    problem: { name: 'parabola' },
    optimizer: { name: 'lstm', layers: [4] },
    ...fields,
  });
}

export interface TestApiOptions {
  readonly heartbeat?: number;
  readonly patience?: Patience;
  readonly logger?: FastifyBaseLogger;
  /** May wrap the jobs that the API gets. */
  readonly observe?: (jobs: Jobs) => Jobs;
}

/** Starts an API for the calling test file. */
export function withApi(options: TestApiOptions = {}): TestApi {
  const api = new TestApi();
  const closing: (() => unknown)[] = [];
  // A single hook: outside a suite, hooks do not wait for each other.
  before(async () => {
    const folder = await createTemporaryFolder();
    closing.unshift(() => folder.remove());
    const redis = await startRedisServer({ folder: join(folder.path, 'redis'), persistent: false });
    api.redis = redis;
    closing.unshift(() => redis.stop());
    const artifacts = new FolderArtifactStore(join(folder.path, 'artifacts'));
    api.jobs = await openJobs({ redisUrl: redis.url, artifacts });
    closing.unshift(() => api.jobs.close());
    api.attempts = await openAttempts({ redisUrl: redis.url, artifacts });
    closing.unshift(() => api.attempts.close());
    api.app = await buildApp({ ...options, jobs: options.observe?.(api.jobs) ?? api.jobs });
    api.url = await api.app.listen({ host: '127.0.0.1', port: 0 });
    closing.unshift(() => api.app.close());
  });
  after(async () => {
    for (const close of closing) await close();
  });
  return api;
}
