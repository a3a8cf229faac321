import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cursorOf } from '../../src/contract/cursor.js';
import type { JobEvent } from '../../src/contract/events.js';
import type { StreamChoice } from '../../src/jobs/jobs.js';
import { type RedisServer, startRedisServer } from '../../src/service/redis/server.js';
import { createTemporaryFolder, withRedis } from '../support/redis.js';
import { testSeed, uniform } from '../weights/samples.js';
import { collect, errorOf, type Harness, losses, openHarness, until } from './harness.js';
import { Received, writeMixed } from './thinned.js';

function count(events: readonly JobEvent[], type: JobEvent['type']): number {
  return events.filter((event) => event.type === type).length;
}

describe('a thinned stream of a job', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given);
  });
  after(() => harness.close());

  const subscribe = (id: string, cursor: string | null, choice?: StreamChoice) =>
    harness.jobs.subscribe(id, cursor, choice);

  /** All events of a job of two attempts, with losses and others mixed. */
  async function writeJob(draw: () => number, entries: number, begun?: (id: string) => void): Promise<string> {
    const { id, attempt } = await harness.begin();
    begun?.(id);
    await writeMixed(attempt, draw, entries);
    await attempt.retry({ code: 'child-lost', message: 'killed' });
    const second = await harness.attempts.begin(id);
    await writeMixed(second!, draw, entries, 50);
    await second!.succeed();
    return id;
  }

  it('has every point in its sums, at any rate, and no more messages with losses than asked for', async (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const draw = uniform(seed);
    const follow = async (id: string, rate: number) => {
      const began = performance.now();
      const events = await collect(await subscribe(id, null, { rate }));
      return { rate, events, seconds: (performance.now() - began) / 1000 };
    };
    const live: ReturnType<typeof follow>[] = [];
    const id = await writeJob(draw, 1500, (id) => {
      live.push(...[1, 3, 10, 100].map((rate) => follow(id, rate)));
    });
    const all = await collect(await subscribe(id, null));
    for (const { rate, events, seconds } of [
      ...(await Promise.all(live)),
      await follow(id, 2),
      await follow(id, 100),
    ]) {
      const received = new Received(all);
      for (const event of events) received.add(event);
      assert.ok(received.isComplete);
      assert.equal(count(events, 'losses'), 0);
      const messages = count(events, 'loss-buckets');
      // Each is for a period of its own.
      assert.ok(messages >= 2 && messages <= Math.ceil(seconds * rate) + 3, `${messages} in ${seconds} s at ${rate}/s`);
      t.diagnostic(`${rate}/s: ${messages} messages in ${seconds.toFixed(2)} s`);
    }
  });

  it('has true cursors: a subscriber may come back after any event, with another rate or none', async (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const draw = uniform(seed);
    const id = await writeJob(draw, 60);
    const all = await collect(await subscribe(id, null));
    const choices: StreamChoice[] = [{ rate: 100 }, {}, { rate: 20 }, { types: 'losses,progress,validation,state' }];
    let received = new Received(all);
    let overtaken = 0;
    // Few draws of subscriptions have no event that overtakes losses: those are repeated.
    for (let pass = 0; pass < 20 && overtaken === 0; pass++) {
      received = new Received(all);
      while (!received.isComplete) {
        const events = await subscribe(id, received.cursor, choices[Math.floor(draw() * choices.length)]);
        for (let n = 1 + Math.floor(8 * draw()); n > 0 && !received.isComplete; n--) {
          const { value } = await events.next();
          received.add(value!);
          if (value!.cursor !== undefined) overtaken += 1;
        }
        await events.return?.();
      }
    }
    assert.ok(overtaken > 0, 'no event overtook losses');
    const last = received.cursor;
    for (const choice of choices) assert.deepEqual(await collect(await subscribe(id, last, choice)), []);
  });

  it('lets other events overtake losses only where they alternate faster than the rate', async () => {
    const { id, attempt } = await harness.begin();
    await attempt.append(losses(0, 4, 2));
    await attempt.append({ type: 'validation', iteration: 4, loss: 1, best: true });
    await attempt.append(losses(4, 4, 2));
    await attempt.append({ type: 'validation', iteration: 8, loss: 1, best: true });
    await attempt.append(losses(8, 4, 2));
    await attempt.append({ type: 'validation', iteration: 12, loss: 1, best: true });
    await attempt.append(losses(12, 4, 2));
    await attempt.succeed();
    // One for the period that ended before they came, and one for this one.
    const events = await collect(await subscribe(id, '1.1', { rate: 1 }));
    assert.deepEqual(
      events.map((event) => [event.type, event.seq, cursorOf(event)]),
      [
        ['loss-buckets', 2, '1.2'],
        ['validation', 3, '1.3'],
        ['loss-buckets', 4, '1.4'],
        ['validation', 5, '1.5'],
        ['validation', 7, '1.7~5'],
        ['loss-buckets', 8, '1.8'],
        ['state', 9, '1.9'],
      ],
    );
    assert.deepEqual(
      (await collect(await subscribe(id, '1.7~5'))).map((event) => [event.type, event.seq, cursorOf(event)]),
      [
        ['losses', 6, '1.7~6'],
        ['losses', 8, '1.8'],
        ['state', 9, '1.9'],
      ],
    );
    for (const cursor of ['1.5~6', '1.5~', '1.5~3~2', '1.5~x'])
      await assert.rejects(subscribe(id, cursor), errorOf('invalid-cursor'));
  });

  it('has only the types asked for, the final state, and losses in either form', async () => {
    const draw = uniform(1);
    const id = await writeJob(draw, 200);
    const all = await collect(await subscribe(id, null));
    const typesWith = async (choice: StreamChoice) => {
      const events = await collect(await subscribe(id, null, choice));
      return { events, types: [...new Set(events.map(({ type }) => type))].sort() };
    };
    const some = await typesWith({ types: 'validation' });
    assert.deepEqual(
      some.events,
      all.filter((event) => event.type === 'validation' || event === all.at(-1)),
    );
    assert.deepEqual((await typesWith({ types: 'validation', rate: 10 })).events, some.events);
    assert.deepEqual((await typesWith({ types: 'losses' })).types, ['losses', 'state']);
    for (const types of ['losses', 'loss-buckets']) {
      const { events, types: received } = await typesWith({ types, rate: 50 });
      assert.deepEqual(received, ['loss-buckets', 'state']);
      const thinned = new Received(all.filter((event) => event.type === 'losses' || event === all.at(-1)));
      for (const event of events) thinned.add(event);
      assert.ok(thinned.isComplete);
    }
    // A subscriber without losses follows the live job, whatever passes between.
    const { id: live, attempt } = await harness.begin();
    const following = collect(await subscribe(live, null, { types: 'progress' }));
    for (let i = 0; i < 300; i++) {
      await attempt.append(losses(i, 1, 8));
      if (i % 100 === 50) await attempt.append({ type: 'progress', phase: 'training', done: i, total: 300 });
    }
    await attempt.succeed();
    assert.deepEqual(
      (await following).map((event) => (event.type === 'progress' ? event.done : event.type)),
      [50, 150, 250, 'state'],
    );
  });

  it('is summed up and encoded once for subscribers with the same rate', async () => {
    const { id, attempt } = await harness.begin();
    const subscriptions = await Promise.all(Array.from({ length: 50 }, () => subscribe(id, '1.1', { rate: 20 })));
    const collected = Promise.all(subscriptions.map(collect));
    await writeMixed(attempt, uniform(2), 1500);
    await attempt.succeed();
    const [first, ...others] = await collected;
    assert.ok(count(first!, 'loss-buckets') > 1);
    for (const other of others) {
      assert.equal(other.length, first!.length);
      assert.ok(other.every((event, i) => event === first![i]));
    }
  });

  it('is read and summed up once for all that come back with the same cursor', async () => {
    const { id, attempt } = await harness.begin();
    await writeMixed(attempt, uniform(4), 300);
    await attempt.succeed();
    const subscriptions = await Promise.all(
      Array.from({ length: 20 }, (_, i) => subscribe(id, '1.2', i % 2 === 0 ? { rate: 50 } : {})),
    );
    const all = await Promise.all(subscriptions.map(collect));
    for (const [i, events] of all.entries()) assert.ok(events.every((event, n) => event === all[i % 2]![n]));
    assert.ok(count(all[0]!, 'loss-buckets') > 0 && count(all[1]!, 'losses') > 100);
  });

  it('reaches a slow subscriber in few messages', async () => {
    const { id, attempt } = await harness.begin();
    const subscription = await subscribe(id, null, { rate: 10 });
    await subscription.next();
    // More than the shared tail keeps.
    const written = 3000;
    for (let i = 0; i < written; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, k) => attempt.append(losses(i + k, 1, 4))));
    await attempt.succeed();
    const began = performance.now();
    const rest = await collect(subscription);
    const sums = rest.filter((event) => event.type === 'loss-buckets');
    assert.equal(
      sums.flatMap(({ count }) => count).reduce((sum, n) => sum + n),
      4 * written,
    );
    assert.ok(sums.length <= (performance.now() - began) / 100 + 4, `${sums.length} messages`);
  });

  it('ends at once for a subscriber that leaves while losses are pending', async () => {
    const { id, attempt } = await harness.begin();
    const subscription = await subscribe(id, '1.1', { rate: 1 });
    const waiting = subscription.next();
    await attempt.append(losses(0, 1, 4));
    await subscription.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    await attempt.succeed();
  });
});

describe('a thinned stream that was shortened', () => {
  const given = withRedis();
  let harness: Harness;
  before(async () => {
    harness = await openHarness(given, { maxStreamBytes: 40_000 });
  });
  after(() => harness.close());

  it('sums up nothing across a gap, and reports it whatever the types', async () => {
    const { id, attempt } = await harness.begin();
    const live = await harness.jobs.subscribe(id, '1.1', { rate: 1, types: 'losses' });
    await attempt.append(losses(0, 2, 32));
    const received: JobEvent[] = [(await live.next()).value!];
    for (let i = 2; i < 3000; i += 2) await attempt.append(losses(i, 2, 32));
    await attempt.succeed();
    received.push(...(await collect(live)));
    const [first, gap, ...rest] = received;
    assert.ok(first?.type === 'loss-buckets' && first.seq === 2);
    assert.equal(gap?.type, 'truncated');
    const resumed = await collect(await harness.jobs.subscribe(id, cursorOf(gap!)));
    const again = new Received(resumed);
    for (const event of rest) again.add(event);
    assert.ok(again.isComplete);
    const [fresh] = await collect(await harness.jobs.subscribe(id, null, { types: 'started' }));
    assert.equal(fresh?.type, 'truncated');
  });
});

describe('a thinned stream while Redis is killed and restarted', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: RedisServer;
  let harness: Harness;
  before(async () => {
    folder = await createTemporaryFolder();
    server = await startRedisServer({ folder: folder.path });
    harness = await openHarness({ url: server.url, folder: folder.path });
  });
  after(async () => {
    await harness.close();
    await server.stop();
    await folder.remove();
  });

  it('has each event once', async () => {
    const { id, attempt } = await harness.begin();
    const collected = [1, 10, 100].map(async (rate) => collect(await harness.jobs.subscribe(id, null, { rate })));
    const draw = uniform(3);
    for (let part = 0; part < 3; part++) {
      const writing = writeMixed(attempt, draw, 600, part * 10_000);
      const info = await harness.redis.info('server');
      process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
      await writing;
      await until(async () => (await harness.redis.ping().catch(() => '')) === 'PONG');
    }
    await attempt.succeed();
    const all = await collect(await harness.jobs.subscribe(id, null));
    for (const events of await Promise.all(collected)) {
      const received = new Received(all);
      for (const event of events) received.add(event);
      assert.ok(received.isComplete);
    }
  });
});
