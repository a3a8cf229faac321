import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import type { JobsQuery } from '../src/contract/queries.js';
import { parseJobSpec } from '../src/contract/validate.js';
import { createJobId } from '../src/jobs/ids.js';
import { beginAttempt } from '../src/jobs/redis/begin-attempt.js';
import { cancelJob } from '../src/jobs/redis/cancel-job.js';
import { createJob } from '../src/jobs/redis/create-job.js';
import { startRedisServer } from '../src/service/redis/server.js';
import { start } from '../test/cli/command.js';
import { createTemporaryFolder } from '../test/support/redis.js';
import { processorTime, processorTimeOf } from './processor-time.js';

/** `npm run bench -- --lists`: how long GET /jobs takes with many jobs, whatever the filters. */

/** Milliseconds that 99 of 100 requests may take. */
const allowed = 10;

const problems = ['quadratic', 'parabola', 'rastrigin', 'mnist', 'rosenbrock'] as const;
const labels = ['sweep', 'ablation', 'paper/figure-2', 'nightly'];
const adjectives = ['long', 'short', 'noisy', 'rescaled', 'warm', 'cold', 'wide', 'deep'];

/** A title as people write them: some words that many jobs have, a number, and a name that few have. */
function titleOf(i: number): string {
  const adjective = adjectives[Math.floor(i / 7) % adjectives.length];
  const era = i % 100_000 < 5_000 ? 'pilot' : 'main';
  return `${era}: ${adjective} horizon on ${problems[i % problems.length]}, seed ${i % 1000} (run${i}) group${i % 40}`;
}

const filters: Record<string, Partial<JobsQuery>> = {
  'no filter': {},
  'state, many': { state: 'queued' },
  'state, few': { state: 'running' },
  label: { label: 'ablation' },
  problem: { problem: 'mnist' },
  'label and problem': { label: 'nightly', problem: 'rosenbrock' },
  'label and problem that exclude each other': { label: 'sweep', problem: 'parabola' },
  'state, label and problem': { state: 'cancelled', label: 'sweep', problem: 'quadratic' },
  'state and problem that exclude each other': { state: 'running', problem: 'parabola' },
  'title: a word of all jobs': { title: 'horizon' },
  'title: a word of the oldest jobs': { title: 'pilot' },
  'title: a word of one job': { title: 'run77777' },
  'title: a beginning of thousands of words': { title: 'run7' },
  'title: beginnings of two words': { title: 'no quad' },
  'title: three words, few jobs': { title: 'warm 999 mnist' },
  'title: no such word': { title: 'absent' },
  'title: two words of many jobs, never both': { title: 'group7 group8' },
  'title, state, label and problem': { title: 'deep sweep', state: 'queued', label: 'sweep', problem: 'quadratic' },
  'title and a state of few': { title: 'noisy', state: 'running' },
};

export async function measureLists(): Promise<number> {
  const { values } = parseArgs({
    options: {
      lists: { type: 'boolean' },
      jobs: { type: 'string', default: '100000' },
      requests: { type: 'string', default: '200' },
    },
  });
  const [count, requests] = [Number(values.jobs), Number(values.requests)];
  const folder = await createTemporaryFolder();
  const server = await startRedisServer({ folder: join(folder.path, 'redis'), persistent: false });
  const redis = new Redis(server.url);
  const api = start(['api', '--redis', server.url, '--data', folder.path, '--port', '0', '--log-level', 'info']);
  /** Milliseconds of each answer by the service's own clock, from its log. */
  const served: number[] = [];
  api.child.stderr!.on('data', (text: string) => {
    for (const [, time] of text.matchAll(/"responseTime":([\d.]+)/g)) served.push(Number(time));
  });
  let failed = false;
  try {
    const [, url = ''] = await api.until('stderr', /(http:\/\/127\.0\.0\.1:\d+)/);
    const before = await memoryOf(redis);
    await fill(redis, count);
    console.log(`${count} jobs, ${Math.round((await memoryOf(redis)) - before) / count} bytes of Redis's memory each.`);
    for (const fields of ['summary', 'all']) {
      const { bytes } = await request(`${url}/jobs?fields=${fields}&limit=50`);
      console.log(`A page of 50 with fields=${fields}: ${(bytes / 1000).toFixed(1)} kB.`);
    }
    console.log('\nMilliseconds per request of 50 summaries, and of its processor time in the service and in Redis:');
    const processor = async () => [await processorTime(api.child.pid!), await processorTimeOf(redis)];
    const middle = createJobId(timeOf(count / 2, count));
    for (const [name, filter] of Object.entries(filters))
      for (const [where, query] of Object.entries({ first: filter, middle: { ...filter, cursor: middle } })) {
        const { times, processors, found, more } = await measure(url, query, requests, served, processor);
        const [median, p99] = [0.5, 0.99].map((p) => times[Math.floor(requests * p)]!);
        failed ||= p99! > allowed;
        const figures = `median ${median!.toFixed(1)}, p99 ${p99!.toFixed(1)}; processor ${processors.map((each) => each.toFixed(1)).join(' + ')}`;
        console.log(
          `${p99! > allowed ? 'SLOW ' : ''}${name}, ${where} page: ${figures}; ${found} jobs${more ? ' and more' : ''}`,
        );
      }
  } finally {
    api.child.kill('SIGTERM');
    await api.ended;
    redis.disconnect();
    await server.stop();
    await folder.remove();
  }
  console.log(failed ? `Some take more than ${allowed} ms.` : `All take at most ${allowed} ms.`);
  return failed ? 1 : 0;
}

const timeOf = (i: number, count: number) => Date.now() - 1000 * (count - i) - 60_000;

async function fill(redis: Redis, count: number): Promise<void> {
  const specs = problems.map((name) =>
    parseJobSpec({ kind: 'metatrain', problem: { name }, optimizer: { name: 'lstm' }, training: {} }),
  );
  for (let from = 0; from < count; from += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, count - from) }, async (_, k) => {
        const i = from + k;
        const id = createJobId(timeOf(i, count));
        const chosen = i % 2 === 0 && i % problems.length !== 1 ? ['sweep'] : [labels[1 + (i % 3)]!];
        const spec = { ...specs[i % problems.length]!, title: titleOf(i), labels: chosen, seed: i };
        await createJob(redis, id, spec, undefined, '', null);
        if (i % 3 === 0) await cancelJob(redis, id);
        else if (i % 500 === 2) await beginAttempt(redis, id, 'token', Date.now());
      }),
    );
}

async function measure(
  url: string,
  query: Partial<JobsQuery>,
  requests: number,
  served: number[],
  processor: () => Promise<number[]>,
) {
  const search = new URLSearchParams({ ...query, limit: '50', fields: 'summary' } as Record<string, string>);
  const ask = () => request(`${url}/jobs?${search}`);
  const repeat = async (times: number) => {
    served.length = 0;
    for (let i = 0; i < times; i++) await ask();
    while (served.length < times) await delay(5);
  };
  await repeat(5);
  const before = await processor();
  await repeat(requests);
  const times = served.slice();
  const after = await processor();
  const { page } = await ask();
  while (served.length <= requests) await delay(5);
  return {
    times: times.sort((a, b) => a - b),
    processors: after.map((time, i) => (time - before[i]!) / requests),
    found: page.jobs.length,
    more: page.next !== null,
  };
}

async function request(url: string) {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${text}`);
  return { bytes: Buffer.byteLength(text), page: JSON.parse(text) as { jobs: unknown[]; next: string | null } };
}

async function memoryOf(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
