import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { withRedis } from '../support/redis.js';
import { Harness, lossesIn, states, until } from './harness.js';
import { smallTraining } from './specs.js';

/** With such short locks a loss shows within a second; with thirty seconds it takes half a minute or more. */
const lockDuration = 500;

describe('a worker’s lock on its job', () => {
  const redis = withRedis();
  let harness: Harness;
  let admin: Redis;
  before(async () => {
    harness = await Harness.open(redis);
    admin = new Redis(redis.url);
  });
  afterEach(async () => {
    await admin.config('SET', 'maxmemory', '0');
    await harness.closeWorkers();
  });
  after(async () => {
    admin.disconnect();
    await harness.close();
  });

  it('passes to another worker when the whole worker is killed: the same weights in the end', async (t) => {
    const spec = smallTraining(400);
    const job = await harness.submit(spec);
    const program = fileURLToPath(new URL('./worker-process.js', import.meta.url));
    const first = fork(program, [redis.url, redis.folder, String(lockDuration)]);
    t.after(() => first.kill('SIGKILL'));
    await harness.checkpointed(job);
    first.kill('SIGKILL');
    await harness.startWorker({ lockDuration });
    const events = await harness.watch(job);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal((await harness.jobs.get(job)).attempt, 2);
    const resumed = events.filter((e) => e.type === 'losses').find((e) => e.attempt === 2);
    assert.ok(resumed && resumed.iteration > 0);
    const undisturbed = await harness.submit(spec);
    assert.deepEqual(lossesIn(events), lossesIn(await harness.watch(undisturbed)));
    assert.deepEqual(await harness.read(job, 'weights'), await harness.read(undisturbed, 'weights'));
  });

  it('outlasts a full Redis: the job waits, and resumes when there is space, with nothing lost', async () => {
    // The second slot is for a worker that considers the job lost.
    await harness.startWorker({ lockDuration, concurrency: 2 });
    const job = await harness.submit(smallTraining(1000));
    await until(async () => (await harness.jobs.get(job)).progress);
    await admin.config('SET', 'maxmemory', '1');
    await delay(300);
    const held = (await harness.jobs.get(job)).progress;
    await delay(4 * lockDuration);
    assert.deepEqual((await harness.jobs.get(job)).progress, held);
    await admin.config('SET', 'maxmemory', '0');
    const events = await harness.watch(job);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal((await harness.jobs.get(job)).attempt, 1);
    assert.equal(events.flatMap((e) => (e.type === 'losses' ? e.points : [])).length, 1000 * 4);
  });

  it('does not hold up a cancellation while Redis is full', async () => {
    const worker = await harness.startWorker({ lockDuration });
    const job = await harness.submit(smallTraining(1_000_000));
    await until(async () => (await harness.jobs.get(job)).progress);
    const events = harness.watch(job);
    await admin.config('SET', 'maxmemory', '1');
    await delay(300);
    const asked = performance.now();
    await harness.jobs.cancel(job);
    await until(async () => (await harness.jobs.get(job)).state === 'cancelled');
    assert.ok(performance.now() - asked < 1000);
    assert.deepEqual(worker.children(), []);
    await admin.config('SET', 'maxmemory', '0');
    assert.equal(states(await events).at(-1)?.state, 'cancelled');
    const next = await harness.submit(smallTraining(1));
    assert.equal(states(await harness.watch(next)).at(-1)?.state, 'succeeded');
  });
});
