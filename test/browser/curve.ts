import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { Client } from '../../src/client/client.js';
import { fromWire } from '../../src/contract/schema.js';
import { eventually, patience } from './dashboard.js';

/** Runs in the page: whether a canvas has the colours of a curve, where its grid and its axes are grey. */
const isDrawn = `(() => [...document.querySelectorAll('main canvas')].some((canvas) => {
  if (canvas.width === 0 || canvas.height === 0) return false;
  // A copy: the page's own canvas stays one that is only drawn on.
  const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  let coloured = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
    if (data[i + 3] > 64 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) coloured++;
  }
  return coloured > 20;
}))()`;

/** Resolves once a curve is drawn on a canvas of the page. */
export async function plottedCurve(page: Page): Promise<void> {
  await eventually(() => page.evaluate<boolean>(isDrawn), true);
}

/** Points of the losses that the chart says it shows. */
export async function shownPoints(page: Page): Promise<number> {
  const said = await page.getByRole('application').first().getAttribute('aria-label');
  const [, points] = /meta-loss: ([\d,]+) points? in /.exec(said ?? '') ?? [];
  return points === undefined ? 0 : Number(points.replaceAll(',', ''));
}

/** Resolves once the chart shows more points of losses than so many. */
export async function grown(page: Page, points: number): Promise<number> {
  for (const deadline = performance.now() + patience; ; ) {
    const shown = await shownPoints(page);
    if (shown > points) return shown;
    assert.ok(performance.now() < deadline, `the chart still shows ${shown} points`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Saves what an item of the chart's menu offers. */
export async function downloadChart(page: Page, item: RegExp): Promise<{ name: string; bytes: Buffer }> {
  await page
    .locator('summary', { hasText: /^Download$/ })
    .first()
    .click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: item }).first().click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Asserts that the buckets that the page has are those of the service, which are of all points. */
export async function assertSameBuckets(page: Page, client: Client, job: string): Promise<void> {
  const { bytes } = await downloadChart(page, /CSV/);
  const [header, ...lines] = bytes.toString().trimEnd().split('\n');
  const columns = header!.split(',');
  const rows = lines
    .map((line) => Object.fromEntries(line.split(',').map((cell, i) => [columns[i]!, cell])))
    .filter(({ curve = 'meta-loss' }) => curve === 'meta-loss');
  const of = (name: string) => rows.map((row) => Number(row[name]));
  const iterations = of('iteration');
  const width = iterations.length > 1 ? iterations[1]! - iterations[0]! : 1;
  const whole = await client.losses(job, { points: 1 });
  const series = await client.losses(job, { points: Math.ceil(whole.to / width) });
  assert.equal(series.iterationsPerBucket, width);
  assert.deepEqual(iterations, series.iteration);
  assert.deepEqual(of('points'), series.count);
  assert.deepEqual(of('finite'), series.finite);
  for (const name of ['min', 'max', 'last'] as const) assert.deepEqual(of(name), series[name].map(fromWire), name);
  of('mean').forEach((mean, i) => {
    const theirs = fromWire(series.mean[i]!);
    assert.ok(
      Object.is(mean, theirs) || Math.abs(mean - theirs) <= 1e-9 * Math.abs(theirs),
      `bucket ${i}: ${mean}, ${theirs}`,
    );
  });
}
