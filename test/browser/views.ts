import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { root } from '../e2e/processes.js';
import { grown, plottedCurve } from './curve.js';
import type { Dashboard } from './dashboard.js';
import { diverging, endless, quick, submit, transfer } from './sample-jobs.js';

/** Every page of the dashboard, as it looks with something on it. */

export interface View {
  readonly name: string;
  readonly path: string;
  /** Resolves when the page shows what it is about. */
  ready(page: Page): Promise<unknown>;
}

const titled = (page: Page) => page.getByRole('heading', { level: 1 }).waitFor();

/** The service has answered the dry run. */
const checked = (page: Page) => page.getByRole('heading', { name: 'Ready' }).waitFor();

/** The curve and the picture of the newest unrolls are drawn, and the validations have arrived. */
async function told(page: Page): Promise<void> {
  await plottedCurve(page);
  await page.getByRole('img', { name: 'Losses of the newest unrolls' }).waitFor();
  await page
    .getByRole('region', { name: 'Progress' })
    .getByText(/[1-9]\d* so far/)
    .waitFor();
}

/** Of a service without jobs. */
export const emptyViews: readonly View[] = [
  {
    name: 'jobs-empty',
    path: '/ui/',
    ready: (page) => page.getByText('quadratic', { exact: false }).first().waitFor(),
  },
  { name: 'registry-empty', path: '/ui/optimizers', ready: titled },
  { name: 'not-found', path: '/ui/nowhere', ready: (page) => page.getByText('Page not found').waitFor() },
];

/** Fills the service with a job of each kind and an optimizer, and waits for what does not run for ever. */
export async function fill(dashboard: Dashboard): Promise<View[]> {
  const { client } = dashboard;
  const trained = await submit(client, quick({ labels: ['paper', 'parabola'] }));
  const other = await submit(client, quick({ seed: 2, title: 'Parabolas, another seed', labels: ['parabola'] }));
  const failed = await submit(client, diverging);
  await dashboard.reached(trained, 'succeeded');
  const compared = await submit(client, transfer(trained));
  for (const id of [other, compared]) await dashboard.reached(id, 'succeeded');
  await dashboard.reached(failed, 'failed');
  const file = await readFile(join(root, 'examples/optimizers/seed.safetensors'));
  await client.upload('parabola', new Uint8Array(file));
  await client.register({ name: 'parabola', job: trained });
  await client.register({ name: 'brief', job: other });
  const running = await submit(client, endless({ labels: ['long'] }));
  const second = await submit(client, endless({ seed: 2, title: 'Cancelled before its end' }));
  await dashboard.reached(second, 'running');
  await client.cancel(second);
  await dashboard.reached(running, 'running');
  return [
    { name: 'jobs', path: '/ui/', ready: (page) => page.getByRole('link', { name: 'Parabolas, briefly' }).waitFor() },
    { name: 'new-job', path: '/ui/new', ready: checked },
    { name: 'new-job-again', path: `/ui/new?from=${trained}`, ready: checked },
    { name: 'job-running', path: `/ui/jobs/${running}`, ready: (page) => grown(page, 1000) },
    { name: 'job-succeeded', path: `/ui/jobs/${trained}`, ready: told },
    { name: 'job-failed', path: `/ui/jobs/${failed}`, ready: titled },
    { name: 'job-compared', path: `/ui/jobs/${compared}`, ready: titled },
    {
      name: 'comparison',
      path: `/ui/jobs/${trained}/comparison`,
      ready: (page) => page.getByRole('table').first().waitFor(),
    },
    { name: 'side-by-side', path: `/ui/side-by-side?jobs=${trained},${other}`, ready: plottedCurve },
    {
      name: 'registry',
      path: '/ui/optimizers',
      ready: (page) => page.getByRole('link', { name: 'parabola' }).first().waitFor(),
    },
    { name: 'optimizer', path: '/ui/optimizers/parabola', ready: titled },
  ];
}
