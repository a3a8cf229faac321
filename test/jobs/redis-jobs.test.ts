import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Queue } from 'bullmq';
import { ProblemError } from '../../src/contract/errors.js';
import { artifactNames } from '../../src/contract/job.js';
import { queueName, queuePrefix } from '../../src/jobs/queue.js';
import { openJobs } from '../../src/jobs/redis-jobs.js';
import { withRedis } from '../support/redis.js';
import { collect, type House, jobSpec, losses, openHouse, until } from './house.js';

function problem(code: string) {
  return (error: unknown) => error instanceof ProblemError && error.code === code;
}

const unknownId = 'j000000000000000000';

describe('jobs', () => {
  const given = withRedis();
  let house: House;
  let queue: Queue;
  before(async () => {
    house = await openHouse(given);
    queue = new Queue(queueName, { connection: house.redis, prefix: queuePrefix });
  });
  after(async () => {
    await queue.close();
    await house.close();
  });

  it('are queued, in the record and in the queue', async () => {
    const spec = jobSpec({ title: 'a title', labels: ['a', 'b'] });
    const { job, created } = await house.jobs.create(spec);
    assert.equal(created, true);
    assert.equal(job.state, 'queued');
    assert.deepEqual(job.spec, spec);
    assert.deepEqual(await house.jobs.get(job.id), job);
    assert.deepEqual((await queue.getJob(`${job.id}-1`))?.data, { job: job.id });
  });

  it('that nobody has created are not found', async () => {
    for (const id of [unknownId, 'no id', '../../etc/passwd']) {
      await assert.rejects(house.jobs.get(id), problem('not-found'));
      await assert.rejects(house.jobs.cancel(id), problem('not-found'));
      await assert.rejects(house.jobs.delete(id), problem('not-found'));
      await assert.rejects(house.jobs.losses(id, {}), problem('not-found'));
      await assert.rejects(house.jobs.subscribe(id, null), problem('not-found'));
    }
  });

  it('go through their states, each told in the stream', async () => {
    const { id, attempt } = await house.begin();
    const running = await house.jobs.get(id);
    assert.deepEqual([running.state, running.attempt, running.finishedAt], ['running', 1, null]);
    await attempt.append({ type: 'progress', phase: 'tuning', done: 1, total: 4 });
    await attempt.succeed();
    const job = await house.jobs.get(id);
    assert.equal(job.state, 'succeeded');
    assert.ok(Date.parse(job.finishedAt!) >= Date.parse(job.startedAt!));
    const events = await collect(await house.jobs.subscribe(id, null));
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
  it('show their progress and engine', async () => {
    const { id, attempt } = await house.begin();
    const engine = { engine: 'tfjs', backend: 'cpu', version: '1', instructionSet: 'portable', threads: 1 };
    await attempt.append({ type: 'started', engine, coordinates: 1, weights: 2, iterations: 1000, unroll: 4 });
    await attempt.append(losses(0, 3, 4));
    await attempt.succeed();
    const job = await house.jobs.get(id);
    assert.deepEqual(job.engine, engine);
    assert.deepEqual(job.progress, { phase: 'training', done: 3, total: 1000, loss: 2 + 1.5 / 1024 });
  });
});
void artifactNames;
void openJobs;
void until;
