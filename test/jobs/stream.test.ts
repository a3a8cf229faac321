import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobEvent } from '../../src/contract/events.js';
import { withRedis } from '../support/redis.js';
import { testSeed, uniform } from '../weights/samples.js';
import { collect, cursors, errorOf, type Harness, losses, openHarness, until } from './harness.js';

const perIteration = 64;

async function collectSome(events: AsyncIterator<JobEvent>, count: number): Promise<JobEvent[]> {
  const some: JobEvent[] = [];
  while (some.length < count) some.push((await events.next()).value);
  await events.return?.();
  return some;
}

describe('a job’s stream', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given);
  });
  after(() => harness.close());

  it('returns what was appended, including non-finite numbers', async () => {
    const { id, attempt } = await harness.begin();
    const points = Float32Array.of(1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1);
    const appended = attempt.append({ type: 'losses', iteration: 7, step: 20, perIteration: 5, points });
    points.fill(0); // The caller may reuse them once the call has returned.
    await appended;
    await attempt.append({ type: 'validation', iteration: 8, loss: Number.NaN, best: false });
    await attempt.append({ type: 'done', iterations: 9, bestIteration: null });
    await attempt.succeed();
    const [, , first, second, third] = await collect(await harness.jobs.subscribe(id, null));
    const { time, ...of } = first!;
    const head = { job: id, attempt: 1, seq: 2, type: 'losses', iteration: 7, step: 20, perIteration: 5 };
    assert.deepEqual(of, { ...head, points: [1.5, 'NaN', 'Infinity', '-Infinity', Math.fround(0.1)] });
    assert.equal(typeof time, 'number');
    assert.ok(second?.type === 'validation' && second.loss === 'NaN' && second.seq === 3);
    assert.ok(third?.type === 'done' && third.bestIteration === null);
  });

  it('is the same for a subscriber cut ten times as for one that stays, while a writer appends at full speed', async (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const draw = uniform(seed);
    const { id, attempt } = await harness.begin();
    const steady = harness.jobs.subscribe(id, null).then(collect);
    const entries = 6000;
    const writing = (async () => {
      for (let i = 0; i < entries; i += 20)
        await Promise.all(Array.from({ length: 20 }, (_, k) => attempt.append(losses(i + k, 1, perIteration))));
      await attempt.succeed();
    })();

    const received: JobEvent[] = [];
    let cuts = 0;
    for (let cursor: string | null = null, ended = false; !ended; ) {
      const subscription = await harness.jobs.subscribe(id, cursor);
      // Cut after a random number of events or time: in the middle of a page, of the tail, of a wait.
      const byCount = draw() < 0.5;
      const limit = cuts < 10 ? 1 + Math.floor((draw() * entries) / 12) : Number.POSITIVE_INFINITY;
      const timer = byCount || cuts >= 10 ? undefined : setTimeout(() => subscription.return?.(), draw() * 40);
      let count = 0;
      for await (const event of subscription) {
        received.push(event);
        ended = event.type === 'state' && event.state === 'succeeded';
        if (draw() < 0.001) await delay(5);
        if (byCount && ++count >= limit) break;
      }
      clearTimeout(timer);
      const last = received.at(-1);
      cursor = last ? `${last.attempt}.${last.seq}` : null;
      cuts += 1;
    }
    await writing;
    t.diagnostic(`cut ${cuts - 1} times`);
    const all = await steady;
    assert.equal(all.length, entries + 3);
    assert.deepEqual(cursors(received), cursors(all));
    assert.deepEqual(received, all);
    const points = all.flatMap((event) => (event.type === 'losses' ? event.points : []));
    assert.ok(points.every((x, i) => x === Math.floor(i / perIteration) + (i % perIteration) / 1024));
  });

  it('is read over one connection for a hundred subscribers, which share its events', async () => {
    const { id, attempt } = await harness.begin();
    const connections = async () =>
      String(await harness.redis.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(`name=metadescent-tail-${id}`)).length;
    const subscriptions = await Promise.all(Array.from({ length: 100 }, () => harness.jobs.subscribe(id, '1.1')));
    const collected = Promise.all(subscriptions.map(collect));
    await until(async () => (await connections()) === 1);
    for (let i = 0; i < 50; i++) await attempt.append(losses(i, 1, perIteration));
    assert.equal(await connections(), 1);
    await attempt.succeed();
    const [first, ...others] = await collected;
    assert.equal(first!.length, 51);
    for (const other of others) assert.ok(other.every((event, i) => event === first![i]));
    await until(async () => (await connections()) === 0);
  });

  it('waits for a slow subscriber, and keeps at most a page for it', async () => {
    const { id, attempt } = await harness.begin();
    const subscription = await harness.jobs.subscribe(id, null);
    await subscription.next();
    for (let i = 0; i < 3000; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, k) => attempt.append(losses(i + k, 1, 1))));
    await attempt.succeed();
    const rest = await collect(subscription);
    assert.deepEqual(
      cursors(rest),
      Array.from({ length: 3002 }, (_, i) => `1.${i + 1}`),
    );
  });

  it('releases a waiting subscriber at once', async () => {
    const { id, attempt } = await harness.begin();
    const subscription = await harness.jobs.subscribe(id, '1.1');
    const waiting = subscription.next();
    await subscription.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    await attempt.succeed();
  });

  it('ends at once for a subscriber that has all events, and refuses foreign cursors', async () => {
    const { id, attempt } = await harness.begin();
    for (const cursor of ['', '1', '1-2', '1.x', '-1.2', '1.2.3', '1e3.1', '9'.repeat(40)])
      await assert.rejects(harness.jobs.subscribe(id, cursor), errorOf('invalid-cursor'));
    await attempt.succeed();
    assert.deepEqual(await collect(await harness.jobs.subscribe(id, '1.2')), []);
    await assert.rejects(harness.jobs.subscribe(id, '1.3'), errorOf('invalid-cursor'));
  });

  it('continues across attempts', async () => {
    const { id, attempt } = await harness.begin();
    const collected = harness.jobs.subscribe(id, null).then(collect);
    await attempt.append(losses(0, 1, 2));
    await attempt.retry({ code: 'child-lost', message: 'killed' });
    const second = await harness.attempts.begin(id);
    await second?.append(losses(0, 1, 2));
    await second?.succeed();
    assert.deepEqual(cursors(await collected), ['0.1', '1.1', '1.2', '1.3', '2.1', '2.2', '2.3']);
  });
});

describe('a full stream of a job', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given, { maxStreamBytes: 40_000 });
  });
  after(() => harness.close());

  it('moves its oldest entries to artifacts, reports it to subscribers, and loses no losses', async () => {
    const { id, attempt } = await harness.begin();
    const iterations = 600;
    for (let i = 0; i < iterations; i += 2) await attempt.append(losses(i, 2, 32));
    // Two meta-iterations of 32 floats per entry: 300 entries of about 256 + 150 bytes are three times the limit.
    const kept = await harness.redis.xlen(`metadescent:events:${id}`);
    assert.ok(kept < 150, `${kept} entries remain`);
    assert.ok((await harness.artifacts.list(id)).every((name) => /^losses-001-\d{9}-000000\.f32$/.test(name)));
    await attempt.succeed();

    const [first, ...rest] = await collect(await harness.jobs.subscribe(id, null));
    assert.equal(first?.type, 'truncated');
    assert.equal(first?.type === 'truncated' && first.resumesAt, cursors(rest)[0]);
    const fromCursor = await collect(await harness.jobs.subscribe(id, cursors([first!])[0]!));
    assert.deepEqual(fromCursor, rest);

    const series = await harness.jobs.losses(id, { points: 600 });
    assert.deepEqual([series.from, series.to, series.iterationsPerBucket], [0, 600, 1]);
    assert.deepEqual(
      series.iteration,
      Array.from({ length: 600 }, (_, i) => i),
    );
    assert.ok(series.count.every((count) => count === 32));
    // Points of meta-iteration i are i + p/1024, p = 0 … 31: their mean is i + 15.5/1024.
    assert.deepEqual(
      series.mean,
      Array.from({ length: 600 }, (_, i) => i + 15.5 / 1024),
    );
    const coarse = await harness.jobs.losses(id, { from: 100, to: 205, points: 10 });
    assert.deepEqual([coarse.iterationsPerBucket, coarse.count.at(-1)], [16, 16 * 32]);
    assert.deepEqual(coarse.min, [96, 112, 128, 144, 160, 176, 192]);
    assert.equal(coarse.max.at(-1), 207 + 31 / 1024);
  });

  it('keeps its newest entry, however large', async () => {
    const { id, attempt } = await harness.begin();
    await attempt.append(losses(0, 1, 32));
    const live = await harness.jobs.subscribe(id, '1.2');
    // Four times the limit of the stream.
    await attempt.append(losses(1, 1, 40_000));
    const { value } = await live.next();
    assert.deepEqual([value?.type, value?.seq], ['losses', 3]);
    const late = await collectSome(await harness.jobs.subscribe(id, null), 2);
    assert.deepEqual([late[0]?.type, late[1]?.type, late[1]?.seq], ['truncated', 'losses', 3]);
    await attempt.append(losses(2, 1, 32));
    await attempt.succeed();
    assert.deepEqual(cursors(await collect(live)), ['1.4', '1.5']);
  });

  it('names the cursor up to which a series has losses', async () => {
    const { id, attempt } = await harness.begin();
    const append = async (from: number, to: number) => {
      for (let i = from; i < to; i++) await attempt.append(losses(i, 1, 32));
    };
    await append(0, 200);
    const { to, cursor } = await harness.jobs.losses(id, { points: 10 });
    await append(200, 210);
    await attempt.succeed();
    const later = await collect(await harness.jobs.subscribe(id, cursor));
    const iterations = later.flatMap((event) => (event.type === 'losses' ? [event.iteration] : []));
    assert.deepEqual(
      iterations,
      Array.from({ length: 210 - to }, (_, i) => to + i),
    );
    assert.equal(to, 200);
  });

  it('replaces an earlier attempt’s losses by a later one’s', async () => {
    const { id, attempt } = await harness.begin();
    for (let i = 0; i < 300; i++) await attempt.append(losses(i, 1, 32));
    await attempt.retry({ code: 'child-lost', message: 'killed' });
    const second = await harness.attempts.begin(id);
    for (let i = 200; i < 250; i++) {
      const event = losses(i, 1, 32);
      await second!.append({ ...event, points: event.points.map((x) => -x) });
    }
    const series = await harness.jobs.losses(id, { points: 300 });
    assert.deepEqual(
      series.mean,
      Array.from({ length: 300 }, (_, i) => (i >= 200 && i < 250 ? -1 : 1) * (i + 15.5 / 1024)),
    );
    await second!.succeed();
  });

  it('makes the run wait while artifacts cannot be stored', async () => {
    const { id, attempt } = await harness.begin();
    const folder = join(given.folder, 'artifacts', id);
    await writeFile(folder, 'A file in place of the job’s folder.');
    let written = 0;
    const writing = (async () => {
      for (; written < 500; written++) await attempt.append(losses(written, 1, 32));
    })();
    await until(async () => {
      const before = written;
      await delay(300);
      return before > 0 && written === before;
    });
    assert.ok(written < 300, `${written} entries of at least 128 bytes`);
    await rm(folder);
    await writing;
    await attempt.succeed();
    const { count } = await harness.jobs.losses(id, { points: 500 });
    assert.deepEqual(count, Array(500).fill(32));
  });

  it('reports to a subscriber that it has overtaken it', async () => {
    const { id, attempt } = await harness.begin();
    const subscription = await harness.jobs.subscribe(id, null);
    await subscription.next();
    const written = 3000;
    for (let i = 0; i < written; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, k) => attempt.append(losses(i + k, 1, 32))));
    await attempt.succeed();
    const rest = await collect(subscription);
    const gap = rest.findIndex((event) => event.type === 'truncated');
    assert.ok(gap >= 0);
    const seqs = rest.map(({ seq }) => seq);
    assert.ok(seqs.every((seq, i) => i === 0 || i === gap || seq === seqs[i - 1]! + 1));
    assert.equal(seqs.at(-1), written + 2);
  });

  it('reports to all subscribers what the shared reader missed while it was disconnected', async () => {
    const { id, attempt } = await harness.begin();
    const collected = Promise.all([0, 1].map(async () => collect(await harness.jobs.subscribe(id, null))));
    let written = 0;
    for (let cut = 0; cut < 3; cut++) {
      const clients = String(await harness.redis.client('LIST')).split('\n');
      const reader = clients.find((line) => line.includes(`name=metadescent-tail-${id}`));
      if (reader) await harness.redis.client('KILL', 'ID', /id=(\d+)/.exec(reader)![1]!);
      await Promise.all(Array.from({ length: 1500 }, () => attempt.append(losses(written++, 1, 32))));
    }
    await attempt.succeed();
    for (const events of await collected) {
      const jumps = events.filter((event, i) => i > 2 && event.seq !== events[i - 1]!.seq + 1);
      assert.ok(jumps.every(({ type }) => type === 'truncated'));
      assert.equal(events.at(-1)?.seq, written + 2);
    }
  });
});
