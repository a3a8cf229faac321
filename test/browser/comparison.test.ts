import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { formatLoss } from '../../src/figures/numbers.js';
import { chromiumMissing } from '../support/chromium.js';
import { downloadChart, plottedCurve } from './curve.js';
import { eventually, withDashboard } from './dashboard.js';
import { quick, submit } from './sample-jobs.js';

describe('comparisons', { skip: chromiumMissing() }, () => {
  const dashboard = withDashboard();
  let first: string;
  let second: string;
  before(async () => {
    first = await submit(dashboard.client, quick());
    second = await submit(dashboard.client, { ...quick({ title: 'Faster', iterations: 150 }), comparison: null });
    for (const id of [first, second]) await dashboard.reached(id, 'succeeded');
  });

  it('opens from its job; optimizers and axis are chosen, kept by a reload, and saved as shown', async () => {
    const { optimizers } = await dashboard.client.results(first);
    await dashboard.visit(`/ui/jobs/${first}`, async (page) => {
      await page.getByRole('link', { name: 'Comparison' }).click();
      await page.waitForURL(`**/ui/jobs/${first}/comparison`);
      const figure = page.getByRole('region', { name: 'Loss by step' });
      const lines = () => figure.locator('path.line').count();
      await eventually(lines, optimizers.length);
      await figure.getByRole('checkbox', { name: optimizers[1]!.label }).uncheck();
      await eventually(lines, optimizers.length - 1);
      const ticks = () => figure.locator('svg text').allInnerTexts();
      const before = await ticks();
      const axis = figure.getByRole('group', { name: 'Axis' });
      const other = axis.locator('[aria-pressed=false]');
      const name = (await other.innerText()).trim();
      await other.click();
      await axis.getByRole('button', { name, pressed: true }).waitFor();
      assert.notDeepEqual(await ticks(), before, 'the axis has other ticks');
      await page.reload();
      await axis.getByRole('button', { name, pressed: true }).waitFor();
      await eventually(lines, optimizers.length - 1);
      const svg = (await downloadChart(page, /SVG/)).bytes.toString();
      assert.match(svg, /^<svg.*<\/svg>\s*$/s);
      assert.ok(svg.includes(optimizers[0]!.label) && !svg.includes(`>${optimizers[1]!.label}<`));
      const csv = (await downloadChart(page, /CSV/)).bytes.toString().trimEnd().split('\n');
      assert.match(csv[0]!, /optimizer,step,mean/);
      assert.equal(csv.length, 1 + 21 * optimizers.length);
    });
  });

  it('gives the losses at a step to the keyboard, and a picture as PNG', async () => {
    const { optimizers } = await dashboard.client.results(first);
    await dashboard.visit(`/ui/jobs/${first}/comparison`, async (page) => {
      const step = page.getByRole('slider', { name: 'Step t' });
      await step.press('Home');
      await step.press('ArrowRight');
      assert.equal(await step.getAttribute('aria-valuenow'), '1');
      const { label, curve } = optimizers[0]!;
      const told = `Step 1: ${label} ${formatLoss(curve.mean[1]!)},`;
      assert.ok((await step.getAttribute('aria-valuetext'))!.startsWith(told), told);
      const { bytes } = await downloadChart(page, /PNG/);
      assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
    });
  });

  it('says that a job has no results yet, and shows them when it has', async () => {
    await dashboard.visit(`/ui/jobs/${second}/comparison`, (page) => page.getByText('compares nothing').waitFor());
    const third = await submit(dashboard.client, quick({ title: 'Under way', iterations: 3000 }));
    await dashboard.visit(`/ui/jobs/${third}/comparison`, async (page) => {
      await page
        .getByText(/No results yet|Loss by step/)
        .first()
        .waitFor();
      await page.getByRole('region', { name: 'Loss by step' }).waitFor();
    });
  });

  it('overlays jobs that are chosen in the list, one curve each', async () => {
    await dashboard.visit('/ui/', async (page) => {
      for (const name of ['Parabolas, briefly', 'Faster'])
        await page.getByRole('checkbox', { name: `Select ${name}` }).check();
      await page.getByRole('link', { name: 'Side by side' }).click();
      await page.waitForURL(/\/ui\/side-by-side\?jobs=/);
      await plottedCurve(page);
      const chart = page.getByRole('application');
      const said = async () => (await chart.getAttribute('aria-label')) ?? '';
      await eventually(async () => /briefly: .*Faster: |Faster: .*briefly: /.test(await said()), true);
      // What their documents differ in comes first.
      await page
        .getByRole('row', { name: /iterations/i })
        .first()
        .waitFor();
      const csv = (await downloadChart(page, /CSV/)).bytes.toString().trimEnd().split('\n');
      assert.equal(csv.length, 1 + 200 + 150);
    });
  });
});
