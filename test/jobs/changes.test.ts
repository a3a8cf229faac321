import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobSummary } from '../../src/contract/job-summary.js';
import type { JobChanges } from '../../src/contract/lists.js';
import type { Attempt } from '../../src/jobs/attempts.js';
import { type RedisServer, startRedisServer } from '../../src/service/redis/server.js';
import { createTemporaryFolder } from '../support/redis.js';
import { testSeed, uniform } from '../weights/samples.js';
import { errorOf, type Harness, jobSpec, losses, openHarness, until } from './harness.js';

describe('changes of jobs', () => {
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

  const create = async (fields?: object) => (await harness.jobs.create(jobSpec(fields))).job.id;
  const summaries = async () => (await harness.jobs.summaries({ limit: 200 })).jobs;

  async function next(changes: AsyncIterator<JobChanges>): Promise<JobChanges> {
    const { done, value } = await changes.next();
    assert.ok(!done);
    return value;
  }

  it('lead every follower to the present lists, wherever it reconnects', async () => {
    const seed = testSeed();
    console.log(`TEST_SEED=${seed}`);
    const random = uniform(seed);
    const followers = Array.from({ length: 4 }, () => new Replica(harness));
    for (let i = 0; i < 5; i++) await create();
    const following = followers.map((follower) => follower.run(random));
    await changeAtRandom(harness, random, 250);
    const expected = new Map((await summaries()).map((job) => [job.id, job]));
    assert.ok(expected.size > 10, `${expected.size} jobs`);
    for (const follower of followers) {
      await until(() => follower.jobs.size === expected.size && follower.isCaughtUp(expected));
      assert.deepEqual(follower.jobs, expected);
      follower.stop();
    }
    await Promise.all(following);
    assert.ok(followers.every(({ connections }) => connections > 2));
  });

  it('begin with an empty message, and have each change as it is', async () => {
    const changes = await harness.jobs.follow({});
    const { cursor, ...first } = await next(changes);
    assert.deepEqual(first, { jobs: [], deleted: [], reset: false });
    const id = await create({ title: 'followed', labels: ['a'] });
    const second = await next(changes);
    assert.deepEqual(second.jobs, await summaries());
    assert.deepEqual([second.jobs[0]?.title, second.jobs[0]?.state], ['followed', 'queued']);
    await harness.jobs.cancel(id);
    await harness.jobs.delete(id);
    const rest = await harness.jobs.follow({ cursor });
    const third = await next(rest);
    assert.deepEqual([third.jobs, third.deleted, third.reset], [[], [id], false]);
    await changes.return?.();
    await rest.return?.();
    assert.equal((await changes.next()).done, true);
  });

  it('of some jobs begin with all of them, and have no others', async () => {
    const [mine, other] = [await create(), await create()];
    const unknown = 'j000000000000000000';
    const changes = await harness.jobs.follow({ jobs: `${mine},${unknown},x` });
    const first = await next(changes);
    assert.deepEqual(
      first.jobs.map(({ id }) => id),
      [mine],
    );
    assert.deepEqual(first.deleted.sort(), [unknown, 'x']);
    await harness.jobs.cancel(other);
    await harness.jobs.cancel(mine);
    const second = await next(changes);
    assert.deepEqual(
      second.jobs.map(({ id, state }) => [id, state]),
      [[mine, 'cancelled']],
    );
    // Resumed, without what it has.
    await harness.jobs.delete(other);
    const resumed = await harness.jobs.follow({ jobs: mine, cursor: second.cursor });
    const { cursor: _, ...nothing } = await next(resumed);
    assert.deepEqual(nothing, { jobs: [], deleted: [], reset: false });
    await changes.return?.();
    await resumed.return?.();
  });

  it('reset a follower whose cursor is of another Redis, or before deletions that are forgotten', async () => {
    const id = await create();
    const changes = await harness.jobs.follow({});
    const { cursor } = await next(changes);
    const [redis, number] = cursor.split('.');
    for (const strange of [`elsewhere.${number}`, `${redis}.${Number(number) + 1}`]) {
      const reset = await next(await harness.jobs.follow({ cursor: strange }));
      assert.deepEqual(reset, { cursor, jobs: [], deleted: [], reset: true });
      // Whoever follows some jobs gets them at once.
      const some = await next(await harness.jobs.follow({ cursor: strange, jobs: id }));
      assert.deepEqual([some.reset, some.jobs.map((job) => job.id)], [true, [id]]);
    }
    for (const malformed of ['', 'nonsense', '1.', `${redis}.01`, 'a.1.2', `${redis}.1e3`])
      await assert.rejects(harness.jobs.follow({ cursor: malformed }), errorOf('invalid-cursor'));
    // As many deletions as are kept, then one that pushes out the first of them.
    const earlier = Array.from({ length: 10_000 }, (_, i) => [String(Number(number) + i + 1), `gone${i}`]);
    await harness.redis.zadd('metadescent:changes:deleted', ...earlier.flat());
    await harness.redis.set('metadescent:changes', String(Number(number) + 10_000));
    const after = (n: number) => harness.jobs.follow({ cursor: `${redis}.${Number(number) + n}` }).then(next);
    assert.equal((await after(9_500)).reset, false);
    await harness.jobs.cancel(id);
    await harness.jobs.delete(id);
    assert.equal((await after(0)).reset, true);
    assert.deepEqual((await after(9_999)).deleted, ['gone9999', id]);
    // More changes than fit a message.
    assert.equal((await after(1)).reset, true);
    await changes.return?.();
  });

  it('are at most four messages per second, and a follower that takes them late has no queue', async () => {
    const { id, attempt } = await harness.begin();
    const changes = await harness.jobs.follow({ jobs: id });
    await next(changes);
    let writing = true;
    const written = (async () => {
      for (let i = 0; writing; i++) await attempt.append(losses(i, 1, 4));
      await attempt.succeed();
    })();
    for (let i = 0, before = performance.now(); i < 4; i++) {
      const { jobs } = await next(changes);
      const now = performance.now();
      assert.deepEqual(
        jobs.map((job) => job.id),
        [id],
      );
      // Node's timers may be a millisecond early.
      assert.ok(now - before >= 245, `${now - before} ms`);
      before = now;
    }
    const seen = (await harness.jobs.get(id)).progress!.done;
    // It takes no messages while the progress changes many times.
    await until(async () => (await harness.jobs.get(id)).progress!.done > seen + 200);
    writing = false;
    await written;
    const end = await summaries();
    const messages: JobSummary[][] = [];
    while (messages.at(-1)?.[0]?.state !== 'succeeded') messages.push((await next(changes)).jobs);
    // The first may have been read before the end.
    assert.ok(messages.length <= 2, `${messages.length} messages`);
    assert.deepEqual(messages.at(-1), end);
    await changes.return?.();
  });

  it('are read by nobody while nobody follows, and once for all who do', async () => {
    const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await harness.redis.info('commandstats'))?.[1]);
    await create();
    const all = await Promise.all(Array.from({ length: 20 }, () => harness.jobs.follow({})));
    for (const changes of all) await next(changes);
    const messages = all.map(next);
    await create();
    const [first, ...others] = await Promise.all(messages);
    for (const other of others) assert.equal(other, first);
    for (const changes of all) await changes.return?.();
    // The last look at the changes may be under way.
    await delay(600);
    const before = await calls();
    await delay(600);
    assert.equal(await calls(), before);
  });

  it('outlast a Redis that is killed, after which a follower is reset', async () => {
    const changes = await harness.jobs.follow({});
    await next(changes);
    const id = await create();
    assert.deepEqual(
      (await next(changes)).jobs.map((job) => job.id),
      [id],
    );
    const info = await harness.redis.info('server');
    process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
    const reset = await next(changes);
    assert.deepEqual([reset.reset, reset.jobs], [true, []]);
    await until(async () => (await harness.jobs.cancel(id).catch(() => null)) !== null);
    const after = await next(changes);
    assert.deepEqual(
      after.jobs.map(({ state }) => state),
      ['cancelled'],
    );
    await changes.return?.();
  });

  it('are known of a Redis that is full', async () => {
    const { id, attempt } = await harness.begin();
    const waiting = await create();
    const changes = await harness.jobs.follow({});
    await next(changes);
    await harness.redis.config('SET', 'maxmemory', '1');
    await harness.jobs.cancel(waiting);
    await attempt.succeed();
    const states = new Map<string, string>();
    while (states.size < 2) for (const job of (await next(changes)).jobs) states.set(job.id, job.state);
    assert.deepEqual(
      states,
      new Map([
        [waiting, 'cancelled'],
        [id, 'succeeded'],
      ]),
    );
    await harness.jobs.delete(id);
    assert.deepEqual((await next(changes)).deleted, [id]);
    await changes.return?.();
  });

  it('end with an error when the service stops', async () => {
    const second = await openHarness({ url: server.url, folder: folder.path });
    const changes = await second.jobs.follow({});
    await next(changes);
    const ended = assert.rejects(changes.next(), errorOf('unavailable'));
    await second.close();
    await ended;
  });
});

/** A page's copy of the list, kept by following the changes with connections that are cut at random. */
class Replica {
  readonly jobs = new Map<string, JobSummary>();
  connections = 0;
  private cursor: string | undefined;
  private current: AsyncIterableIterator<JobChanges> | null = null;
  private stopped = false;

  constructor(private readonly harness: Harness) {}

  async run(random: () => number): Promise<void> {
    while (!this.stopped) {
      const { cursor } = this;
      this.current = await this.harness.jobs.follow({ ...(cursor !== undefined && { cursor }) });
      this.connections += 1;
      let left = 1 + Math.floor(random() * 4);
      for await (const changes of this.current) {
        // What was received is lost with the connection, except for the last cursor that was kept.
        if (left-- === 0) break;
        await this.take(changes);
      }
    }
  }

  stop(): void {
    this.stopped = true;
    this.current?.return?.();
  }

  isCaughtUp(expected: ReadonlyMap<string, JobSummary>): boolean {
    return [...expected].every(([id, job]) => JSON.stringify(this.jobs.get(id)) === JSON.stringify(job));
  }

  private async take({ cursor, jobs, deleted, reset }: JobChanges): Promise<void> {
    if (reset || this.cursor === undefined) {
      this.jobs.clear();
      for (const job of (await this.harness.jobs.summaries({ limit: 200 })).jobs) this.jobs.set(job.id, job);
    }
    for (const job of jobs) this.jobs.set(job.id, job);
    for (const id of deleted) this.jobs.delete(id);
    this.cursor = cursor;
  }
}

/** Creates, begins, cancels, ends and deletes jobs at random, and has their progress move; ends all that run. */
async function changeAtRandom({ jobs, attempts }: Harness, random: () => number, count: number): Promise<void> {
  const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)];
  let running: { attempt: Attempt; iteration: number }[] = [];
  const end = async (attempt: Attempt) => {
    running = running.filter((other) => other.attempt !== attempt);
    if (random() < 0.5) await attempt.succeed();
    else await attempt.fail({ code: 'diverged', message: 'The loss is NaN.' });
  };
  for (let i = 0; i < count; i++) {
    const all = (await jobs.summaries({ limit: 200 })).jobs;
    const dice = random();
    const queued = pick(all.filter(({ state }) => state === 'queued'));
    const ended = pick(all.filter(({ finishedAt }) => finishedAt !== null));
    const held = pick(running);
    if (dice < 0.25) await jobs.create(jobSpec({ title: `job ${i}` }));
    else if (dice < 0.4 && queued) {
      const attempt = await attempts.begin(queued.id);
      if (attempt) running.push({ attempt, iteration: 0 });
    } else if (dice < 0.75 && held) await held.attempt.append(losses(held.iteration++, 1, 4));
    else if (dice < 0.8 && held) await end(held.attempt);
    else if (dice < 0.85 && queued) await jobs.cancel(queued.id);
    else if (dice < 0.92 && ended) await jobs.delete(ended.id);
    await delay(random() * 10);
  }
  for (const { attempt } of running) await end(attempt);
}
