import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type RunningApi, startApi } from '../../src/api/server.js';
import { Client } from '../../src/client/client.js';
import { cursorOf } from '../../src/contract/cursor.js';
import type { JobEvent } from '../../src/contract/events.js';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import type { Attempt, Attempts } from '../../src/jobs/attempts.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { openAttempts, openJobs } from '../../src/jobs/redis-jobs.js';
import { command } from '../cli/command.js';
import { collect, errorOf, jobSpec, losses } from '../jobs/harness.js';
import { Received, writeMixed } from '../jobs/thinned.js';
import { withRedis } from '../support/redis.js';
import { uniform } from '../weights/samples.js';
import { CuttingProxy } from './cutting-proxy.js';
import { LameProxy, type WithUpgrades } from './lame-proxy.js';

/** Milliseconds: far more than it should take, far less than the five minutes after which a client gives up. */
const soon = 30_000;

describe('a job’s events, in the client', () => {
  const redis = withRedis();
  let jobs: Jobs;
  let attempts: Attempts;
  let api: RunningApi;
  before(async () => {
    const artifacts = new FolderArtifactStore(join(redis.folder, 'artifacts'));
    jobs = await openJobs({ redisUrl: redis.url, artifacts, cursorPatience: 100 });
    attempts = await openAttempts({ redisUrl: redis.url, artifacts });
    api = await startApi({ jobs, host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    await api.close();
    await attempts.close();
    await jobs.close();
  });

  async function begin(): Promise<Attempt> {
    const attempt = await attempts.begin((await jobs.create(jobSpec())).job.id);
    assert.ok(attempt);
    return attempt;
  }

  for (const withUpgrades of [
    'passes them on as plain requests',
    'cuts them off',
    'never answers them',
  ] satisfies WithUpgrades[])
    it(`arrive through a proxy without upgrades, which ${withUpgrades}`, { timeout: soon }, async () => {
      const proxy = await LameProxy.open(api.url, withUpgrades);
      const attempt = await begin();
      const seen: JobEvent[] = [];
      for await (const event of new Client(proxy.url).events(attempt.job)) {
        seen.push(event);
        // Live: each event is written after the previous one has arrived; the connection is lost twice.
        if (seen.length === 4 || seen.length === 6) proxy.cut();
        if (event.seq < 8 && event.attempt === 1) await attempt.append(losses(event.seq, 1, 4));
        if (event.seq === 8) await attempt.succeed();
      }
      assert.ok(proxy.upgrades > 0);
      assert.deepEqual(seen, await collect(new Client(api.url).events(attempt.job)));
      const last = cursorOf(seen.at(-1)!);
      assert.deepEqual(await collect(new Client(proxy.url).events(attempt.job, { cursor: last })), []);
      await proxy.close();
    });

  for (const sockets of [true, false])
    it(`are thinned, each exactly once while connections are lost, over ${sockets ? 'WebSockets' : 'server-sent events'}`, {
      timeout: soon,
    }, async () => {
      const proxy = await (sockets ? CuttingProxy : LameProxy).open(api.url, 'cuts them off');
      const attempt = await begin();
      const seen: JobEvent[] = [];
      const writing = writeMixed(attempt, uniform(5), 1500).then(() => attempt.succeed());
      for await (const event of new Client(proxy.url).events(attempt.job, { rate: 50 })) {
        seen.push(event);
        if (seen.length % 50 === 10) proxy.cut();
      }
      await writing;
      const client = new Client(api.url);
      const received = new Received(await collect(client.events(attempt.job)));
      for (const event of seen) received.add(event);
      assert.ok(received.isComplete);
      const few = await collect(client.events(attempt.job, { types: ['loss-buckets', 'validation'], rate: 100 }));
      assert.deepEqual([...new Set(few.map(({ type }) => type))].sort(), ['loss-buckets', 'state', 'validation']);
      await proxy.close();
    });

  it('reach the command line through such a proxy', { timeout: soon }, async () => {
    const proxy = await LameProxy.open(api.url, 'passes them on as plain requests');
    const attempt = await begin();
    await attempt.append(losses(0, 1, 4));
    await attempt.succeed();
    const { code, stdout, stderr } = await command(['watch', attempt.job, '--json', '--server', proxy.url]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      await collect(new Client(api.url).events(attempt.job)),
    );
    await proxy.close();
  });

  it('end with an error if the job is deleted, or never reaches the cursor, through such a proxy too', async () => {
    const proxy = await LameProxy.open(api.url, 'cuts them off');
    for (const url of [api.url, proxy.url]) {
      const client = new Client(url);
      const attempt = await begin();
      await assert.rejects(collect(client.events(attempt.job, { cursor: '1.99' })), errorOf('invalid-cursor'));
      const events = client.events(attempt.job);
      await events.next();
      // More than fits the buffers between, so that the rest has to come from the job's stream.
      for (let i = 0; i < 3000; i++) await attempt.append(losses(i, 1, 1000));
      await attempt.succeed();
      await client.delete(attempt.job);
      await assert.rejects(collect(events), errorOf('deleted'));
    }
    await proxy.close();
  });
});
