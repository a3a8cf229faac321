import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type RunningApi, startApi } from '../../src/api/server.js';
import { Client } from '../../src/client/client.js';
import type { JobSummary } from '../../src/contract/job-summary.js';
import { errorOf, type Harness, jobSpec, losses, openHarness } from '../jobs/harness.js';
import { withRedis } from '../support/redis.js';
import { CuttingProxy } from './cutting-proxy.js';

describe('changes of jobs, in the client', () => {
  const redis = withRedis();
  let harness: Harness;
  let api: RunningApi;
  let client: Client;
  before(async () => {
    harness = await openHarness({ url: redis.url, folder: join(redis.folder, 'files') });
    api = await startApi({ jobs: harness.jobs, host: '127.0.0.1', port: 0 });
    client = new Client(api.url);
  });
  after(async () => {
    await api.close();
    await harness.close();
  });

  it('lists summaries, with filters', async () => {
    const { id } = (await harness.jobs.create(jobSpec({ title: 'Searched for', labels: ['client'] }))).job;
    await harness.jobs.create(jobSpec({ title: 'Other', labels: ['client'] }));
    const { jobs, next } = await client.jobSummaries({ label: 'client', title: 'sear', limit: 1 });
    assert.deepEqual([jobs.map((job) => job.id), next], [[id], null]);
    assert.ok(!('spec' in jobs[0]!));
    assert.deepEqual(
      (await client.list({ label: 'client', title: 'sear' })).jobs.map((job) => job.id),
      [id],
    );
  });

  it('arrive although the connection is cut, until the present state', async () => {
    const proxy = await CuttingProxy.open(api.url);
    const { id, attempt } = await harness.begin();
    let latest: JobSummary | undefined;
    let writing = true;
    const written = (async () => {
      for (let iteration = 0; writing; iteration++) await attempt.append(losses(iteration, 1, 4));
      await attempt.succeed();
    })();
    let messages = 0;
    for await (const { jobs, reset } of new Client(proxy.url).changes({ jobs: [id] })) {
      assert.equal(reset, false);
      latest = jobs[0] ?? latest;
      if (latest?.finishedAt) break;
      messages += 1;
      if (messages % 2 === 0) proxy.cut();
      writing &&= messages < 8;
    }
    await written;
    assert.deepEqual(latest, (await client.jobSummaries({ limit: 1 })).jobs[0]);
    assert.equal(latest?.state, 'succeeded');
    assert.ok(proxy.connections > 2, `${proxy.connections} connections`);
    await proxy.close();
  });

  it('end with the service’s refusal, without a service, and when aborted', async () => {
    const first = async (from: Client, options: Parameters<Client['changes']>[0]) => {
      for await (const changes of from.changes(options)) return changes;
      return null;
    };
    await assert.rejects(first(client, { cursor: 'nonsense' }), errorOf('invalid-cursor'));
    await assert.rejects(first(new Client('http://127.0.0.1:1'), {}), errorOf('unavailable'));
    const proxy = await CuttingProxy.open(api.url);
    const lost = new Client(proxy.url).changes({ patience: 200 });
    await lost.next();
    await proxy.close();
    await assert.rejects(lost.next(), errorOf('unavailable'));
    const over = new AbortController();
    const aborted = client.changes({ signal: over.signal });
    await aborted.next();
    const waiting = aborted.next();
    over.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });
});
