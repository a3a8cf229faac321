import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { withRedis } from '../support/redis.js';
import { House, lossesIn, states, until } from './house.js';
import { smallTraining } from './specs.js';

/** Locks as short as these make a loss show within a second, as thirty seconds' do in half a minute or two. */
const lockDuration = 500;

describe('a worker’s lock on its job', () => {
  const redis = withRedis();
  let house: House;
  let admin: Redis;
  before(async () => {
    house = await House.open(redis);
    admin = new Redis(redis.url);
  });
  afterEach(async () => {
    await admin.config('SET', 'maxmemory', '0');
    await house.closeWorkers();
  });
  after(async () => {
    admin.disconnect();
    await house.close();
  });

  it('passes to another worker when the whole worker is killed: the same weights in the end', async (t) => {
    const spec = smallTraining(400);
    const job = await house.submit(spec);
    const program = fileURLToPath(new URL('./worker-process.js', import.meta.url));
    const first = fork(program, [redis.url, redis.folder, String(lockDuration)]);
    t.after(() => first.kill('SIGKILL'));
    await house.checkpointed(job);
    first.kill('SIGKILL');
    await house.startWorker({ lockDuration });
    const events = await house.watch(job);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal((await house.jobs.get(job)).attempt, 2);
    const resumed = events.filter((e) => e.type === 'losses').find((e) => e.attempt === 2);
    assert.ok(resumed && resumed.iteration > 0);
    const undisturbed = await house.submit(spec);
    assert.deepEqual(lossesIn(events), lossesIn(await house.watch(undisturbed)));
    assert.deepEqual(await house.read(job, 'weights'), await house.read(undisturbed, 'weights'));
  });

  it('outlasts a full Redis: the job waits, and goes on when there is room, with nothing lost', async () => {
    // The second place is for whoever takes the job for lost.
    await house.startWorker({ lockDuration, concurrency: 2 });
    const job = await house.submit(smallTraining(1000));
    await until(async () => (await house.jobs.get(job)).progress);
    await admin.config('SET', 'maxmemory', '1');
    await delay(300);
    const held = (await house.jobs.get(job)).progress;
    await delay(4 * lockDuration);
    assert.deepEqual((await house.jobs.get(job)).progress, held);
    await admin.config('SET', 'maxmemory', '0');
    const events = await house.watch(job);
    assert.equal(states(events).at(-1)?.state, 'succeeded');
    assert.equal((await house.jobs.get(job)).attempt, 1);
    assert.equal(events.flatMap((e) => (e.type === 'losses' ? e.points : [])).length, 1000 * 4);
  });

  it('does not hold up a cancellation while Redis is full', async () => {
    const worker = await house.startWorker({ lockDuration });
    const job = await house.submit(smallTraining(1_000_000));
    await until(async () => (await house.jobs.get(job)).progress);
    const events = house.watch(job);
    await admin.config('SET', 'maxmemory', '1');
    await delay(300);
    const asked = performance.now();
    await house.jobs.cancel(job);
    await until(async () => (await house.jobs.get(job)).state === 'cancelled');
    assert.ok(performance.now() - asked < 1000);
    assert.deepEqual(worker.children(), []);
    await admin.config('SET', 'maxmemory', '0');
    assert.equal(states(await events).at(-1)?.state, 'cancelled');
    const next = await house.submit(smallTraining(1));
    assert.equal(states(await house.watch(next)).at(-1)?.state, 'succeeded');
  });
});
