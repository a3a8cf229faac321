import { describe, it } from 'node:test';
import { chromiumMissing } from '../support/chromium.js';
import { assertSameBuckets, grown, shownPoints } from './curve.js';
import { withDashboard } from './dashboard.js';
import { away, killAndRestart } from './outage.js';
import { endless, submit } from './sample-jobs.js';

/** Milliseconds until a dead worker's lock ends (30 s) and that is noticed (30 s), and as much again. */
const takeover = 120_000;

describe('the page of a job, when the whole service dies', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  // Slow: nobody can tell a worker that died from one that is slow, before its lock ends.
  it('recovers, and shows the losses of both attempts as the service has them', async () => {
    const id = await submit(dashboard.client, endless());
    await dashboard.visit(
      `/ui/jobs/${id}`,
      async (page) => {
        await killAndRestart(dashboard, page);
        await page
          .getByText(/attempt 2/)
          .first()
          .waitFor({ timeout: takeover });
        await grown(page, await shownPoints(page));
        await dashboard.client.cancel(id);
        await page.getByRole('main').getByText('cancelled', { exact: true }).first().waitFor();
        await assertSameBuckets(page, dashboard.client, id);
      },
      { expected: away },
    );
  });
});
