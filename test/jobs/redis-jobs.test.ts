import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Queue } from 'bullmq';
import { ApiError } from '../../src/contract/errors.js';
import { artifactNames } from '../../src/contract/job.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { queueName, queuePrefix } from '../../src/jobs/queue.js';
import { reconcile } from '../../src/jobs/redis/enter-queue.js';
import { openJobs } from '../../src/jobs/redis-jobs.js';
import { withRedis } from '../support/redis.js';
import { collect, errorOf, type Harness, jobSpec, losses, openHarness, until } from './harness.js';

const unknownId = 'j000000000000000000';

describe('jobs', () => {
  const given = withRedis();
  let harness: Harness;
  let queue: Queue;
  before(async () => {
    harness = await openHarness(given);
    queue = new Queue(queueName, { connection: harness.redis, prefix: queuePrefix });
  });
  after(async () => {
    await queue.close();
    await harness.close();
  });

  const create = async (fields?: object) => (await harness.jobs.create(jobSpec(fields))).job.id;

  it('are queued, in the record and in the queue', async () => {
    const spec = jobSpec({ title: 'a title', labels: ['a', 'b'] });
    const { job, created } = await harness.jobs.create(spec);
    assert.equal(created, true);
    assert.equal(job.state, 'queued');
    assert.deepEqual(job.spec, spec);
    assert.deepEqual(await harness.jobs.get(job.id), job);
    assert.deepEqual((await queue.getJob(`${job.id}-1`))?.data, { job: job.id });
  });

  it('that do not exist are not found', async () => {
    for (const id of [unknownId, 'no id', '../../etc/passwd']) {
      await assert.rejects(harness.jobs.get(id), errorOf('not-found'));
      await assert.rejects(harness.jobs.cancel(id), errorOf('not-found'));
      await assert.rejects(harness.jobs.delete(id), errorOf('not-found'));
      await assert.rejects(harness.jobs.losses(id, {}), errorOf('not-found'));
      await assert.rejects(harness.jobs.subscribe(id, null), errorOf('not-found'));
    }
  });

  it('go through their states, each with an event in the stream', async () => {
    const { id, attempt } = await harness.begin();
    const running = await harness.jobs.get(id);
    assert.deepEqual([running.state, running.attempt, running.finishedAt], ['running', 1, null]);
    await attempt.append({ type: 'progress', phase: 'tuning', done: 1, total: 4 });
    await attempt.succeed();
    const job = await harness.jobs.get(id);
    assert.equal(job.state, 'succeeded');
    assert.ok(Date.parse(job.finishedAt!) >= Date.parse(job.startedAt!));
    const events = await collect(await harness.jobs.subscribe(id, null));
    assert.deepEqual(
      events.map((e) => [e.attempt, e.seq, e.type === 'state' ? e.state : e.type]),
      [
        [0, 1, 'queued'],
        [1, 1, 'running'],
        [1, 2, 'progress'],
        [1, 3, 'succeeded'],
      ],
    );
    assert.ok(events.every((event) => event.job === id && Math.abs(event.time - Date.now()) < 60_000));
  });

  it('show their progress, engine and artifacts', async () => {
    const { id, attempt } = await harness.begin();
    const engine = { engine: 'tfjs', backend: 'cpu', version: '1', instructionSet: 'portable', threads: 1 };
    await attempt.append({ type: 'started', engine, coordinates: 1, weights: 2, iterations: 1000, unroll: 4 });
    await attempt.append(losses(0, 3, 4));
    await harness.artifacts.put(id, artifactNames.results, new Uint8Array(1));
    await attempt.succeed();
    const job = await harness.jobs.get(id);
    assert.deepEqual(job.engine, engine);
    // The points of meta-iteration 2 are 2, 2 + 1/1024, 2 + 2/1024 and 2 + 3/1024.
    assert.deepEqual(job.progress, { phase: 'training', done: 3, total: 1000, loss: 2 + 1.5 / 1024 });
    assert.deepEqual(job.artifacts, [artifactNames.results]);
  });

  it('are created once per idempotency key, and only with the same spec', async () => {
    const first = await harness.jobs.create(jobSpec({ title: 'one', seed: 5 }), 'a key');
    const reordered = Object.fromEntries(Object.entries(first.job.spec).reverse());
    const second = await harness.jobs.create(reordered as typeof first.job.spec, 'a key');
    assert.deepEqual([second.job.id, second.created], [first.job.id, false]);
    await assert.rejects(harness.jobs.create(jobSpec({ title: 'two' }), 'a key'), errorOf('idempotency-conflict'));
    const many = await Promise.all(Array.from({ length: 20 }, () => harness.jobs.create(jobSpec(), 'another key')));
    assert.equal(new Set(many.map(({ job }) => job.id)).size, 1);
    assert.equal(many.filter(({ created }) => created).length, 1);
    const [key] = await harness.redis.keys('metadescent:idempotency:*');
    const lifetime = await harness.redis.pttl(key!);
    assert.ok(lifetime > 86_000_000 && lifetime <= 86_400_000, String(lifetime));
  });

  it('that compare name an optimizer with weights', async () => {
    const compare = (job: string) =>
      parseJobSpec({ kind: 'compare', problem: { name: 'simple' }, optimizer: { job }, comparison: {} });
    for (const id of [unknownId, 'nonsense', await create()])
      await assert.rejects(harness.jobs.create(compare(id)), (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.code, 'invalid-document');
        assert.equal(error.errors[0]?.pointer, '/optimizer/job');
        return true;
      });
    const id = await create();
    await harness.artifacts.put(id, artifactNames.weights, new Uint8Array(8));
    const first = await harness.jobs.create(compare(id), 'a comparison');
    assert.equal(first.created, true);
    await harness.artifacts.delete(id);
    const again = await harness.jobs.create(compare(id), 'a comparison');
    assert.equal(again.job.id, first.job.id);
  });

  it('are listed newest first, in pages, by state and label', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) ids.push(await create({ labels: i % 2 ? ['page'] : ['page', 'even'] }));
    for (const id of ids.slice(0, 10)) await harness.jobs.cancel(id);
    const listAll = async (query: object) => {
      const found: string[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await harness.jobs.list({ ...query, limit: 4, ...(cursor !== undefined && { cursor }) });
        assert.ok(page.jobs.length <= 4);
        found.push(...page.jobs.map(({ id }) => id));
        cursor = page.next;
      }
      return found;
    };
    const newestFirst = ids.toSorted().reverse();
    assert.deepEqual(await listAll({ label: 'page' }), newestFirst);
    assert.deepEqual(
      await listAll({ label: 'page', state: 'cancelled' }),
      newestFirst.filter((id) => ids.indexOf(id) < 10),
    );
    assert.deepEqual(
      await listAll({ label: 'even', state: 'queued' }),
      newestFirst.filter((id) => ids.indexOf(id) >= 10 && ids.indexOf(id) % 2 === 0),
    );
    assert.deepEqual(await listAll({ label: 'none' }), []);
    const all = await listAll({});
    assert.deepEqual(all, all.toSorted().reverse());
    assert.ok(ids.every((id) => all.includes(id)));
    await assert.rejects(harness.jobs.list({ limit: 4, cursor: 'page 2' }), errorOf('invalid-cursor'));
  });

  it('that are queued are cancelled at once, and leave the queue', async () => {
    const id = await create();
    const job = await harness.jobs.cancel(id);
    assert.equal(job.state, 'cancelled');
    assert.equal(await queue.getJob(`${id}-1`), undefined);
    assert.equal(await harness.attempts.begin(id), null);
    assert.deepEqual(await harness.jobs.cancel(id), job);
    assert.equal((await collect(await harness.jobs.subscribe(id, null))).length, 2);
  });

  it('that are running are cancelled by their worker, which gets a message', async () => {
    const { id, attempt } = await harness.begin();
    const aborted = new Promise((resolve) => attempt.signal.addEventListener('abort', resolve));
    assert.equal((await harness.jobs.cancel(id)).state, 'running');
    await aborted;
    await assert.rejects(attempt.append(losses(0, 1, 1)), /cancel/);
    await attempt.cancel();
    assert.equal((await harness.jobs.get(id)).state, 'cancelled');
  });

  it('whose worker is lost are cancelled when the queue offers them again', async () => {
    const { id } = await harness.begin();
    await harness.jobs.cancel(id);
    assert.equal(await harness.attempts.begin(id), null);
    assert.equal((await harness.jobs.get(id)).state, 'cancelled');
  });

  it('that have ended cannot be cancelled', async () => {
    const { id, attempt } = await harness.begin();
    await attempt.fail({ code: 'diverged', message: 'NaN' });
    await assert.rejects(harness.jobs.cancel(id), errorOf('conflict'));
    const { state, failure } = await harness.jobs.get(id);
    assert.deepEqual([state, failure], ['failed', { code: 'diverged', message: 'NaN' }]);
  });

  it('are deleted with all their data, once they have ended', async () => {
    const { id, attempt } = await harness.begin({ labels: ['doomed'] });
    await assert.rejects(harness.jobs.delete(id), errorOf('conflict'));
    await harness.artifacts.put(id, artifactNames.results, new Uint8Array(1));
    await attempt.succeed();
    await harness.jobs.delete(id);
    await assert.rejects(harness.jobs.get(id), errorOf('not-found'));
    assert.deepEqual(await harness.artifacts.list(id), []);
    // No worker has run in this suite, so the queue entry is still there.
    assert.deepEqual(await harness.redis.keys(`*${id}*`), [`${queuePrefix}:${queueName}:${id}-1`]);
    assert.deepEqual((await harness.jobs.list({ label: 'doomed', limit: 9 })).jobs, []);
  });

  it('are retried until their attempts are used up', async () => {
    const failure = { code: 'child-lost', message: 'killed' } as const;
    const { id, attempt } = await harness.begin({ maxAttempts: 2 });
    assert.equal(await attempt.retry(failure), true);
    assert.equal((await harness.jobs.get(id)).state, 'queued');
    assert.ok(await queue.getJob(`${id}-2`));
    const second = await harness.attempts.begin(id);
    assert.equal(second?.number, 2);
    assert.equal(await second?.retry(failure), false);
    const job = await harness.jobs.get(id);
    assert.deepEqual([job.state, job.attempt, job.failure], ['failed', 2, failure]);
    assert.equal(await harness.attempts.begin(id), null);
    const states = (await collect(await harness.jobs.subscribe(id, null))).map(
      (e) => e.type === 'state' && [e.attempt, e.state, e.reason],
    );
    assert.deepEqual(states, [
      [0, 'queued', null],
      [1, 'running', null],
      [1, 'queued', failure],
      [2, 'running', null],
      [2, 'failed', failure],
    ]);
  });

  it('whose worker is lost are begun again, and the lost attempt can change nothing', async () => {
    const { id, attempt } = await harness.begin({ maxAttempts: 2 });
    await attempt.append(losses(0, 1, 4));
    const second = await harness.attempts.begin(id);
    assert.equal(second?.number, 2);
    await until(() => attempt.signal.aborted);
    await assert.rejects(attempt.append(losses(1, 1, 4)), { name: 'AttemptLost' });
    await attempt.succeed();
    assert.equal(await attempt.retry({ code: 'internal', message: '' }), false);
    assert.equal((await harness.jobs.get(id)).state, 'running');
    assert.equal(await harness.attempts.begin(id), null);
    const job = await harness.jobs.get(id);
    assert.deepEqual([job.state, job.failure?.code], ['failed', 'worker-lost']);
    const history = (await collect(await harness.jobs.subscribe(id, null))).map((e) =>
      e.type === 'state' ? [e.attempt, e.state, e.reason?.code] : [e.attempt, e.type],
    );
    assert.deepEqual(history, [
      [0, 'queued', undefined],
      [1, 'running', undefined],
      [1, 'losses'],
      [1, 'queued', 'worker-lost'],
      [2, 'running', undefined],
      [2, 'failed', 'worker-lost'],
    ]);
  });

  it('that are missing from the queue are entered again, and no others', async () => {
    const [lost, known] = [await create(), await create()];
    const { id: running } = await harness.begin();
    await queue.remove(`${lost}-1`);
    await queue.remove(`${running}-1`);
    const entered = await reconcile(harness.redis, queue, 0);
    assert.ok(entered.includes(lost) && entered.includes(running) && !entered.includes(known));
    assert.deepEqual((await queue.getJob(`${lost}-1`))?.data, { job: lost });
    await queue.remove(`${lost}-1`);
    assert.ok(!(await reconcile(harness.redis, queue, 60_000)).includes(lost));
  });

  it('are soon reported unavailable if Redis does not answer', async () => {
    const redisUrl = `${given.folder}/nobody.sock`;
    await assert.rejects(openJobs({ redisUrl, artifacts: harness.artifacts }), errorOf('unavailable'));
  });
});
