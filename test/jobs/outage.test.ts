import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RedisServer, startRedisServer } from '../../src/service/redis/server.js';
import { createTemporaryFolder } from '../support/redis.js';
import { collect, cursors, errorOf, type Harness, losses, openHarness, until } from './harness.js';

describe('with a Redis that is full or down', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: RedisServer;
  let harness: Harness;
  beforeEach(async () => {
    folder = await createTemporaryFolder();
    server = await startRedisServer({ folder: folder.path });
    harness = await openHarness({ url: server.url, folder: folder.path });
  });
  afterEach(async () => {
    await harness.close();
    await server.stop();
    await folder.remove();
  });

  async function kill(): Promise<void> {
    const info = await harness.redis.info('server');
    process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
  }

  async function fill(): Promise<void> {
    await harness.redis.config('SET', 'maxmemory', '1');
  }

  async function makeRoom(): Promise<void> {
    await harness.redis.config('SET', 'maxmemory', '0');
  }

  /** Counts the entries appended so far; resolves at the end. */
  function writeAll(append: (i: number) => Promise<void>, count: number) {
    const progress = { written: 0, done: Promise.resolve() };
    progress.done = (async () => {
      for (let i = 0; i < count; i++) {
        await append(i);
        progress.written = i + 1;
      }
    })();
    return progress;
  }

  it('a full Redis stops the writer, which resumes when there is space', async () => {
    const { id, attempt } = await harness.begin();
    const collected = harness.jobs.subscribe(id, null).then(collect);
    const used = Number(/used_memory:(\d+)/.exec(await harness.redis.info('memory'))?.[1]);
    await harness.redis.config('SET', 'maxmemory', String(used + 400_000));
    const writing = writeAll((i) => attempt.append(losses(i, 1, 1000)), 1000);
    await until(async () => {
      const before = writing.written;
      await delay(200);
      return before > 0 && writing.written === before;
    });
    const stoppedAt = writing.written;
    assert.ok(stoppedAt < 1000, 'the limit was not reached');
    await makeRoom();
    await writing.done;
    await attempt.succeed();
    const events = await collected;
    assert.deepEqual(cursors(events), ['0.1', ...Array.from({ length: 1002 }, (_, i) => `1.${i + 1}`)]);
  });

  it('a full Redis takes no new job; a running one can be cancelled, and ends', async () => {
    const { id, attempt } = await harness.begin();
    await fill();
    await assert.rejects(harness.jobs.create(attempt.spec), errorOf('unavailable'));
    const stuck = attempt.append(losses(0, 1, 10));
    await harness.jobs.cancel(id);
    await assert.rejects(stuck, /cancel/);
    await attempt.cancel();
    assert.equal((await harness.jobs.get(id)).state, 'cancelled');
    assert.deepEqual(cursors(await collect(await harness.jobs.subscribe(id, null))), ['0.1', '1.1', '1.2']);
  });

  it('when Redis is killed and restarted, no event is lost or repeated', async () => {
    const { id, attempt } = await harness.begin();
    const collected = harness.jobs.subscribe(id, null).then(collect);
    const count = 3000;
    const writing = writeAll((i) => attempt.append(losses(i, 1, 64)), count);
    for (const part of [0.2, 0.5, 0.8]) {
      await until(() => writing.written >= part * count);
      await kill();
    }
    await writing.done;
    await attempt.succeed();
    const expected = ['0.1', ...Array.from({ length: count + 2 }, (_, i) => `1.${i + 1}`)];
    const live = await collected;
    assert.deepEqual(cursors(live), expected);
    assert.deepEqual(await collect(await harness.jobs.subscribe(id, null)), live);
    assert.deepEqual(
      (await harness.jobs.losses(id, { points: count })).iteration,
      Array.from({ length: count }, (_, i) => i),
    );
  });

  it('entries that a crashed Redis had not yet on disk are rewritten', async () => {
    const { id, attempt } = await harness.begin();
    await attempt.append(losses(0, 1, 64));
    const steady = await harness.jobs.subscribe(id, null);
    for (let i = 0; i < 3; i++) await steady.next();
    // From here on, entries do not get into the append-only file.
    await harness.redis.config('SET', 'appendonly', 'no');
    for (let i = 1; i < 50; i++) await attempt.append(losses(i, 1, 64));
    const received = [];
    for (let i = 1; i < 50; i++) received.push((await steady.next()).value!);
    await kill();
    await until(async () => (await harness.redis.hget(`metadescent:job:${id}`, 'last')) === '1-2');
    // A subscriber waits for a cursor that Redis has lost.
    const resumed = await harness.jobs.subscribe(id, '1.40');
    for (let i = 50; i < 100; i++) await attempt.append(losses(i, 1, 64));
    await attempt.succeed();
    const all = ['0.1', ...Array.from({ length: 102 }, (_, i) => `1.${i + 1}`)];
    assert.deepEqual(cursors([...received, ...(await collect(steady))]), all.slice(3));
    assert.deepEqual(cursors(await collect(resumed)), all.slice(41));
    assert.deepEqual(cursors(await collect(await harness.jobs.subscribe(id, null))), all);
  });

  it('the summary of the losses is that of the entries, also of those that are rewritten', async () => {
    const { id, attempt } = await harness.begin({ training: { iterations: 100_000 } });
    const perEntry = 7;
    const appendAll = (from: number, to: number) =>
      Promise.all(
        Array.from({ length: to - from }, (_, i) => attempt.append(losses((from + i) * perEntry, perEntry, 20))),
      );
    await appendAll(0, 50);
    await harness.redis.config('SET', 'appendonly', 'no');
    await appendAll(50, 100);
    await kill();
    await until(async () => (await harness.redis.hget(`metadescent:job:${id}`, 'last').catch(() => '')) === '1-51');
    await appendAll(100, 150);
    const queries = [{ points: 1 }, { points: 5 }, { points: 70 }, { from: 300, to: 800, points: 40 }];
    const readAll = () => Promise.all(queries.map((query) => harness.jobs.losses(id, query)));
    const summed = await readAll();
    assert.equal(summed[0]?.count[0], 150 * perEntry * 20);
    assert.deepEqual(
      summed.map((series) => series.iterationsPerBucket),
      [4096, 256, 16, 16],
    );
    await attempt.succeed();
    await harness.redis.del(...(await harness.redis.keys(`metadescent:losses:${id}*`)));
    // Made again, from the points.
    const again = await readAll();
    assert.deepEqual(
      again.map((series) => ({ ...series, cursor: '' })),
      summed.map((series) => ({ ...series, cursor: '' })),
    );
  });

  it('a full Redis still answers with the losses of a job without a summary', async () => {
    const { id, attempt } = await harness.begin();
    for (let i = 0; i < 100; i++) await attempt.append(losses(i, 1, 20));
    const summed = await harness.jobs.losses(id, { points: 10 });
    await attempt.succeed();
    await harness.redis.del(...(await harness.redis.keys(`metadescent:losses:${id}*`)));
    await fill();
    const series = await harness.jobs.losses(id, { points: 10 });
    assert.deepEqual({ ...series, cursor: '' }, { ...summed, cursor: '' });
    assert.deepEqual(await harness.redis.keys(`metadescent:losses:${id}*`), []);
    await makeRoom();
  });

  it('an attempt whose beginning was lost gets its job back', async () => {
    const { id } = (await harness.jobs.create((await harness.begin()).attempt.spec)).job;
    await harness.redis.config('SET', 'appendonly', 'no');
    const attempt = (await harness.attempts.begin(id))!;
    await attempt.append(losses(0, 1, 64));
    await kill();
    await until(async () => (await harness.jobs.get(id).catch(() => null))?.state === 'queued');
    await attempt.append(losses(1, 1, 64));
    const job = await harness.jobs.get(id);
    assert.deepEqual([job.state, job.attempt], ['running', 1]);
    await attempt.succeed();
    const events = await collect(await harness.jobs.subscribe(id, null));
    assert.deepEqual(cursors(events), ['0.1', '1.1', '1.2', '1.3', '1.4']);
    assert.ok(events[1]?.type === 'state' && events[1].state === 'running');
  });
});
