import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { start } from '../cli/command.js';
import { chromiumMissing } from '../support/chromium.js';
import { withRedis } from '../support/redis.js';
import { assertSameBuckets, grown } from './curve.js';
import { withDashboard } from './dashboard.js';
import { away, killAndRestart } from './outage.js';
import { endless, submit } from './sample-jobs.js';

describe('the page of a job, when only the API dies', { skip: chromiumMissing() }, () => {
  const redis = withRedis();
  const dashboard = withDashboard(() => ['api', '--redis', redis.url]);
  let worker: ReturnType<typeof start>;
  before(() => {
    worker = start(['worker', '--redis', redis.url, '--data', dashboard.data]);
  });
  after(async () => {
    worker.child.kill('SIGINT');
    assert.equal((await worker.ended).code, 0);
  });

  it('recovers, and shows what happened meanwhile', async () => {
    const id = await submit(dashboard.client, endless());
    await dashboard.visit(
      `/ui/jobs/${id}`,
      async (page) => {
        await grown(page, await killAndRestart(dashboard, page));
        await dashboard.client.cancel(id);
        await page.getByRole('main').getByText('cancelled', { exact: true }).first().waitFor();
        await assertSameBuckets(page, dashboard.client, id);
      },
      { expected: away },
    );
  });
});
