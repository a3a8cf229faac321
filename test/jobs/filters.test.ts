import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { JobState } from '../../src/contract/events.js';
import type { Job } from '../../src/contract/job.js';
import type { JobSummary } from '../../src/contract/job-summary.js';
import type { JobsQuery } from '../../src/contract/queries.js';
import { matchesTitle, titleWords } from '../../src/contract/title-words.js';
import { createJobId } from '../../src/jobs/ids.js';
import { beginAttempt } from '../../src/jobs/redis/begin-attempt.js';
import { cancelJob } from '../../src/jobs/redis/cancel-job.js';
import { createJob } from '../../src/jobs/redis/create-job.js';
import { indexJobs } from '../../src/jobs/redis/index-jobs.js';
import { openJobs } from '../../src/jobs/redis-jobs.js';
import { startRedisServer } from '../../src/service/redis/server.js';
import { createTemporaryFolder, withRedis } from '../support/redis.js';
import { testSeed, uniform } from '../weights/samples.js';
import { type Harness, jobSpec, openHarness, until } from './harness.js';

type Filter = Pick<JobsQuery, 'state' | 'label' | 'problem' | 'title'>;

/** Words that differ in case, in how Unicode writes them, or are beginnings of one another. */
const vocabulary = ['Ackley', 'ÉTUDE', 'e\u0301tude', 'straße', 'STRASSEN', '学習', 'lstm', 'ls', 'ＬＳＴＭ', 'ﬁne'];
const problems = ['simple', 'parabola', 'quadratic'];
const labels = ['a', 'a/b', 'rare'];

describe('filters of jobs', () => {
  const given = withRedis();
  let harness: Harness;
  let all: Job[];
  const seed = testSeed();
  const random = uniform(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  before(async () => {
    console.log(`TEST_SEED=${seed}`);
    harness = await openHarness(given);
    await makeJobs(harness.redis, 3600);
    all = await allJobs();
  });
  after(() => harness.close());

  /** Enough that a word is in more titles than are read at once, and a beginning has more words than are merged. */
  async function makeJobs(redis: Redis, count: number): Promise<void> {
    const start = Date.now() - 3_600_000;
    await inTurns(count, async (i) => {
      const title = ['common', `run${i}`, `n${Math.floor(i / 400)}`, pick(vocabulary), pick(vocabulary)].join(' ');
      const spec = jobSpec({
        ...(random() < 0.95 && { title }),
        labels: labels.filter((label) => random() < (label === 'rare' ? 0.02 : 0.5)),
        // The oldest have a problem of their own, so that indices do not overlap.
        problem: { name: i < 500 ? 'ackley' : pick(problems) },
        seed: i,
      });
      const id = createJobId(start + i * 1000 + Math.floor(random() * 3000));
      await createJob(redis, id, spec, undefined, '', null);
      if (random() < 0.3) await cancelJob(redis, id);
      else if (random() < 0.1) await beginAttempt(redis, id, 'token', Date.now());
    });
  }

  const allJobs = () => collectPages((query) => harness.jobs.list(query), { limit: 200 });

  it('return exactly the matching jobs, newest first, for random combinations', async () => {
    const states: (JobState | undefined)[] = [undefined, 'queued', 'cancelled', 'running', 'failed'];
    const titles = [
      undefined,
      'common',
      'COMMON run',
      'run1',
      'r',
      'n',
      'n7 étu',
      'strasse',
      '学',
      'fi',
      'ls ls com',
      'no',
    ];
    let checked = 0;
    for (const state of states)
      for (const label of [undefined, ...labels, 'none'])
        for (const problem of [undefined, 'ackley', 'parabola', 'none'])
          for (const title of titles) {
            const filter: Filter = Object.fromEntries(
              Object.entries({ state, label, problem, title }).filter(([, value]) => value !== undefined),
            );
            // A third of all combinations, others every time.
            if (random() < 0.65) continue;
            const expected = all.filter((job) => matches(job, filter)).map(({ id }) => id);
            const limit = 60 + Math.floor(random() * 141);
            const pages = await collectPages((query) => harness.jobs.summaries(query), { ...filter, limit });
            assert.deepEqual(
              pages.map(({ id }) => id),
              expected,
              JSON.stringify({ ...filter, limit }),
            );
            checked += expected.length;
          }
    assert.ok(checked > 5_000, `${checked} jobs`);
  });

  it('work with whole documents as with summaries', async () => {
    for (const filter of [
      { title: 'lstm', label: 'rare' },
      { problem: 'ackley', state: 'running' },
    ] as Filter[]) {
      const documents = await collectPages((query) => harness.jobs.list(query), { ...filter, limit: 7 });
      assert.deepEqual(
        documents,
        all.filter((job) => matches(job, filter)),
      );
    }
  });

  it('summaries say what the documents say', async () => {
    const summaries = await collectPages((query) => harness.jobs.summaries(query), { limit: 150 });
    assert.deepEqual(summaries.map(withoutSparkline), all.map(summaryOf));
  });

  it('find jobs created by an earlier version once they are in the indices, by several processes at a time', async () => {
    const expected = await allIndices(harness.redis);
    await forgetIndices(harness.redis);
    await Promise.all([1, 2, 3].map(() => indexJobs(harness.redis)));
    assert.deepEqual(await allIndices(harness.redis), expected);
    assert.equal(await indexJobs(harness.redis), 0);
  });

  it('are built while jobs are deleted and change their states', async () => {
    await forgetIndices(harness.redis);
    const queued = all.filter(({ state }) => state === 'queued').map(({ id }) => id);
    const ended = all.filter(({ state }) => state === 'cancelled').map(({ id }) => id);
    await Promise.all([
      indexJobs(harness.redis),
      inTurns(300, (i) => harness.jobs.cancel(queued[3 * i]!)),
      inTurns(300, (i) => harness.jobs.delete(ended[2 * i]!)),
    ]);
    all = await allJobs();
    assert.deepEqual(await allIndices(harness.redis), indicesOf(all));
  });

  it('page through what is there throughout, exactly once, while jobs are created and deleted', async () => {
    const filter = { title: 'common', state: 'cancelled' } as const;
    const deleted = all.filter((job) => matches(job, filter) && random() < 0.3).map(({ id }) => id);
    const stays = all.filter((job) => matches(job, filter) && !deleted.includes(job.id)).map(({ id }) => id);
    const seen: string[] = [];
    for (let cursor: string | null = '', page = 0; cursor !== null; page++) {
      const { jobs, next } = await harness.jobs.summaries({ ...filter, limit: 40, ...(cursor && { cursor }) });
      seen.push(...jobs.map(({ id }) => id));
      cursor = next;
      for (const id of deleted.splice(0, 20)) await harness.jobs.delete(id);
      const { job } = await harness.jobs.create(jobSpec({ title: `common ${page}` }));
      await harness.jobs.cancel(job.id);
    }
    assert.deepEqual(seen, [...new Set(seen)].sort().reverse());
    assert.deepEqual(
      seen.filter((id) => stays.includes(id)),
      stays,
    );
  });

  it('leave no index behind when all jobs are deleted', async () => {
    const left = await allJobs();
    await inTurns(left.length, async (i) => {
      const { id } = left[i]!;
      // What runs is cancelled when the queue offers it again.
      await harness.jobs.cancel(id).catch(() => {});
      await harness.attempts.begin(id);
      await harness.jobs.delete(id);
    });
    assert.deepEqual(await allIndices(harness.redis), {});
  });
});

const archive = fileURLToPath(new URL('../../../test/fixtures/data-0.1.0.tar.gz', import.meta.url));

it('a data folder of version 0.1.0 has its jobs found, and deleted with their entries', {
  skip: oldRedis(),
}, async () => {
  const folder = await createTemporaryFolder();
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder.path], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const path = join(folder.path, 'stopped');
  const server = await startRedisServer({ folder: join(path, 'redis') });
  const harness = await openHarness({ url: server.url, folder: path });
  try {
    const { jobs } = await harness.jobs.list({ limit: 200 });
    assert.ok(jobs.length > 5);
    const summaries = await harness.jobs.summaries({ limit: 200 });
    assert.deepEqual(summaries.jobs.map(withoutSparkline), jobs.map(summaryOf));
    await until(async () => (await harness.redis.exists('metadescent:jobs:indexed')) === 1);
    assert.deepEqual(await allIndices(harness.redis), indicesOf(jobs));
    for (const { spec } of jobs)
      for (const filter of [{ problem: spec.problem.name }, ...(spec.title ? [{ title: spec.title }] : [])]) {
        const found = await harness.jobs.summaries({ ...filter, limit: 200 });
        assert.deepEqual(
          found.jobs.map(({ id }) => id),
          jobs.filter((job) => matches(job, filter)).map(({ id }) => id),
        );
      }
    for (const { id } of jobs) {
      await harness.jobs.cancel(id).catch(() => {});
      await harness.attempts.begin(id);
      await harness.jobs.delete(id);
    }
    assert.deepEqual(await allIndices(harness.redis), {});
  } finally {
    await harness.close();
    await server.stop();
    await folder.remove();
  }
});

it('a service with jobs of an earlier version enters them by itself', async () => {
  const folder = await createTemporaryFolder();
  const server = await startRedisServer({ folder: join(folder.path, 'redis'), persistent: false });
  const harness = await openHarness({ url: server.url, folder: folder.path });
  const { id } = (await harness.jobs.create(jobSpec({ title: 'old' }))).job;
  await forgetIndices(harness.redis);
  assert.deepEqual((await harness.jobs.summaries({ title: 'old', limit: 5 })).jobs, []);
  const second = await openJobs({ redisUrl: server.url, artifacts: harness.artifacts });
  await until(async () => (await second.summaries({ title: 'OLD', limit: 5 })).jobs[0]?.id === id);
  await second.close();
  await harness.close();
  await server.stop();
  await folder.remove();
});

describe('words of titles', () => {
  it('ignore case and the ways to write a letter, and are separated by anything else', () => {
    assert.deepEqual(titleWords('LSTM-20, lstm; 0.001'), ['LSTM', '20', '0', '001']);
    assert.deepEqual(titleWords('e\u0301 É'), ['É']);
    assert.deepEqual(titleWords(' … '), []);
    assert.ok(matchesTitle('Straße 17', 'STRASSE 1'));
    assert.ok(!matchesTitle('Straße 17', 'rasse'));
    assert.ok(!matchesTitle(null, 'a'));
  });
});

/** The definition of the filters again, without the store's code; titles here have words between spaces. */
function matches({ state, spec }: Job, filter: Filter): boolean {
  const fold = (text: string) =>
    text
      .normalize('NFKC')
      .toUpperCase()
      .split(/[\s,.:;()+=-]+/);
  const words = fold(spec.title ?? '');
  return (
    (filter.state === undefined || state === filter.state) &&
    (filter.label === undefined || spec.labels.includes(filter.label)) &&
    (filter.problem === undefined || spec.problem.name === filter.problem) &&
    fold(filter.title ?? '').every((beginning) => words.some((word) => word.startsWith(beginning)))
  );
}

function summaryOf(job: Job): Omit<JobSummary, 'sparkline'> {
  const { id, spec, state, attempt, createdAt, startedAt, finishedAt, failure, progress } = job;
  const { kind, title = null, seed, problem } = spec;
  const optimizer =
    spec.kind === 'metatrain'
      ? spec.optimizer.name
      : 'job' in spec.optimizer
        ? spec.optimizer.job
        : `${spec.optimizer.name}@${spec.optimizer.version}`;
  const course = { state, attempt, createdAt, startedAt, finishedAt, failure, progress };
  return { id, kind, title, labels: spec.labels, problem: problem.name, optimizer, seed, ...course };
}

function withoutSparkline({ sparkline: _, ...rest }: JobSummary): Omit<JobSummary, 'sparkline'> {
  return rest;
}

async function collectPages<T>(
  list: (query: Omit<JobsQuery, 'fields'>) => Promise<{ jobs: T[]; next: string | null }>,
  query: Omit<JobsQuery, 'fields'>,
): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { jobs: T[]; next: string | null } = await list({ ...query, ...(cursor && { cursor }) });
    assert.ok(page.jobs.length <= query.limit);
    found.push(...page.jobs);
    cursor = page.next;
  }
  return found;
}

/** Calls a function for 0 … count - 1, a hundred at a time. */
async function inTurns(count: number, call: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - from) }, (_, i) => call(from + i)));
}

/** Makes the jobs what an earlier version has left, at once: a service enters them again at intervals. */
async function forgetIndices(redis: Redis): Promise<void> {
  const records = await redis.keys('metadescent:job:*');
  const indices = ['words', 'titles', 'indexed'].map((name) => `metadescent:jobs:${name}`);
  const transaction = redis.multi().del(...(await redis.keys('metadescent:jobs:problem:*')), ...indices);
  for (const key of records) transaction.hdel(key, 'problem', 'head');
  await transaction.exec();
}

/** The members of every index. */
async function allIndices(redis: Redis): Promise<Record<string, string[]>> {
  const keys = (await redis.keys('metadescent:jobs:*')).filter((key) => !/:(indexed|titles)$/.test(key));
  const titles = await redis.hgetall('metadescent:jobs:titles');
  const entries = await Promise.all(keys.map(async (key) => [key, await redis.zrange(key, '0', '-1')] as const));
  const inTitles = Object.entries(titles).flatMap(([id, words]) => words.split(' ').map((word) => `${word}\0${id}`));
  assert.deepEqual(inTitles.sort(), (Object.fromEntries(entries)['metadescent:jobs:words'] ?? []).toSorted());
  return Object.fromEntries(entries);
}

/** The indices that these jobs should have. */
function indicesOf(jobs: readonly Job[]): Record<string, string[]> {
  const indices: Record<string, string[]> = {};
  const enter = (key: string, member: string) => {
    indices[`metadescent:jobs:${key}`] = [...(indices[`metadescent:jobs:${key}`] ?? []), member];
  };
  for (const { id, state, spec } of jobs) {
    enter('all', id);
    enter(`state:${state}`, id);
    enter(`problem:${spec.problem.name}`, id);
    for (const label of spec.labels) {
      enter(`label:${label}`, id);
      enter(`state:${state}:label:${label}`, id);
    }
    for (const word of titleWords(spec.title ?? '')) enter('words', `${word}\0${id}`);
  }
  const sorted = (members: string[]) => members.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(Object.entries(indices).map(([key, members]) => [key, sorted(members)]));
}

/** Whether this Redis cannot read the files of Redis 7, or why. */
function oldRedis(): string | false {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  const major = Number(/v=(\d+)/.exec(stdout ?? '')?.[1] ?? 8);
  return major < 7 ? `Redis ${major} does not read the files of Redis 7` : false;
}
