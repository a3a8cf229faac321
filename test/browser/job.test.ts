import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { chromiumMissing } from '../support/chromium.js';
import { assertSameBuckets, downloadChart, grown, plottedCurve } from './curve.js';
import { eventually, withDashboard } from './dashboard.js';
import { diverging, endless, quick, submit } from './sample-jobs.js';

describe('the page of a job', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();

  it('draws the losses while they come, and is cancelled', async () => {
    const id = await submit(dashboard.client, endless());
    await dashboard.visit(`/ui/jobs/${id}`, async (page) => {
      await plottedCurve(page);
      const first = await grown(page, 0);
      await grown(page, first);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click();
      await dashboard.reached(id, 'cancelled');
      await page.getByRole('main').getByText('cancelled', { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Delete' }).waitFor();
      await assertSameBuckets(page, dashboard.client, id);
    });
  });

  it('hands out picture, numbers and weights, and is deleted', async () => {
    const id = await submit(dashboard.client, quick());
    await dashboard.visit(`/ui/jobs/${id}`, async (page) => {
      await dashboard.reached(id, 'succeeded');
      await page.getByRole('main').getByText('succeeded', { exact: true }).first().waitFor();
      await plottedCurve(page);
      const svg = await downloadChart(page, /SVG/);
      assert.match(svg.name, new RegExp(`^${id}.*\\.svg$`));
      assert.match(svg.bytes.toString(), /^<svg xmlns=.*Parabolas, briefly.*<path.*<\/svg>\s*$/s);
      await assertSameBuckets(page, dashboard.client, id);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'safetensors', exact: true }).click(),
      ]);
      const saved = await readFile(await download.path());
      assert.ok(saved.equals(await dashboard.client.weights(id)));
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete the job' }).click();
      await page.waitForURL(/\/ui\/$/);
      await page.getByRole('heading', { name: 'Jobs' }).waitFor();
    });
    await assert.rejects(dashboard.client.get(id), { code: 'not-found' });
  });

  it('zooms by dragging into finer buckets, and a reload shows the same stretch', async () => {
    const id = await submit(dashboard.client, { ...quick({ iterations: 5000 }), comparison: null });
    await dashboard.reached(id, 'succeeded');
    await dashboard.visit(`/ui/jobs/${id}`, async (page) => {
      await plottedCurve(page);
      const width = async () => {
        const said = await page.getByRole('application').first().getAttribute('aria-label');
        return /buckets of (a|[\d,]+) meta-iterations? each/.exec(said ?? '')?.[1] ?? '';
      };
      await eventually(width, '4');
      // A chart that has just taken up other curves draws them on another canvas.
      let box = { x: 0, y: 0, width: 0, height: 0 };
      await eventually(async () => {
        box = (await page.locator('main canvas').first().boundingBox()) ?? box;
        return box.width > 0;
      }, true);
      await page.mouse.move(box.x + 0.5 * box.width, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.6 * box.width, box.y + box.height / 2, { steps: 4 });
      await page.mouse.up();
      await page.waitForURL(/[?&]from=\d+&to=\d+/);
      await eventually(width, 'a');
      const { search } = new URL(page.url());
      await page.reload();
      await eventually(width, 'a');
      assert.equal(new URL(page.url()).search, search);
      await page.getByRole('application').first().focus();
      await page.keyboard.press('0');
      await eventually(width, '4');
    });
  });

  it('says why a job failed, and what to do', async () => {
    const id = await submit(dashboard.client, diverging);
    const { failure } = await dashboard.reached(id, 'failed');
    await dashboard.visit(`/ui/jobs/${id}`, async (page) => {
      await page.getByRole('alert').getByText(failure!.message).waitFor();
      await assertSameBuckets(page, dashboard.client, id);
    });
  });

  it('of an unknown job says that there is none', async () => {
    await dashboard.visit(
      '/ui/jobs/j000000000000000000',
      async (page) => {
        await page.getByText('There is no such job').waitFor();
      },
      { expected: /status of 404/ },
    );
  });
});
