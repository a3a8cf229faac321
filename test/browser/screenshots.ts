import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { root } from '../e2e/processes.js';
import { createTemporaryFolder } from '../support/redis.js';
import { grown } from './curve.js';
import { Dashboard } from './dashboard.js';
import { layoutFaults } from './layout.js';
import { submit } from './sample-jobs.js';
import { emptyViews, fill, type View } from './views.js';

/** `npm run screenshots`: a picture of every page, from a service with jobs of each kind. */

const widths = [360, 900, 1440];
const schemes = ['light', 'dark'] as const;

/** Enough for a chart below its page's head. */
const docsHeight = 780;

/** The pictures of docs/, besides that of a running job. */
const forDocs = ['jobs-empty', 'new-job', 'comparison', 'side-by-side', 'registry'];

/** @returns the exit status: 1 if a page is wider than its window, or cuts a text */
export async function takeScreenshots(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { docs: { type: 'boolean', default: false } },
  });
  const folder = resolve(root, positionals[0] ?? (values.docs ? 'docs/images' : 'screenshots'));
  await mkdir(folder, { recursive: true });
  const faults = await withService((dashboard) =>
    values.docs ? pictures(dashboard, folder) : everyPage(dashboard, folder),
  );
  for (const fault of faults) console.error(fault);
  console.log(`${folder}: ${faults.length === 0 ? 'nothing is too wide or cut' : `${faults.length} faults`}`);
  return faults.length === 0 ? 0 : 1;
}

async function withService<T>(use: (dashboard: Dashboard) => Promise<T>): Promise<T> {
  const temporary = await createTemporaryFolder();
  const dashboard = new Dashboard();
  try {
    await dashboard.open(join(temporary.path, 'data'));
    return await use(dashboard);
  } finally {
    await dashboard.close();
    await temporary.remove();
  }
}

/** Every page at every width, light and dark. */
async function everyPage(dashboard: Dashboard, folder: string): Promise<string[]> {
  const faults: string[] = [];
  const all = async (views: readonly View[]) => {
    for (const view of views)
      for (const width of widths)
        for (const scheme of schemes) {
          const name = `${view.name}-${width}-${scheme}`;
          faults.push(...(await picture(dashboard, view, join(folder, `${name}.png`), { width, scheme })));
        }
  };
  await all(emptyViews);
  await all(await fill(dashboard));
  return faults;
}

/** Those of docs/, light, and as wide as a page of text. */
async function pictures(dashboard: Dashboard, folder: string): Promise<string[]> {
  const faults: string[] = [];
  const all = async (views: readonly View[]) => {
    for (const view of views)
      faults.push(
        ...(await picture(dashboard, view, join(folder, `${view.name}.png`), {
          width: 1000,
          scheme: 'light',
          window: true,
        })),
      );
  };
  const shown = (views: readonly View[]) => views.filter(({ name }) => forDocs.includes(name));
  await all(shown(emptyViews));
  await all(shown(await fill(dashboard)));
  await all([await paperJob(dashboard)]);
  return faults;
}

/** The training of the paper's first experiment, half-way. */
async function paperJob(dashboard: Dashboard): Promise<View> {
  const document = parse(await readFile(join(root, 'examples/specs/quadratic.yaml'), 'utf8'));
  const id = await submit(dashboard.client, document);
  await dashboard.reached(id, 'running');
  return { name: 'job-running', path: `/ui/jobs/${id}`, ready: (page) => grown(page, 50_000) };
}

interface Look {
  width: number;
  scheme: 'light' | 'dark';
  /** Only what the window shows, instead of the whole page. */
  window?: boolean;
}

/** @returns the faults of the page's layout */
async function picture(
  dashboard: Dashboard,
  view: View,
  path: string,
  { width, scheme, window }: Look,
): Promise<string[]> {
  let faults: string[] = [];
  const viewport = { width, height: window ? docsHeight : Math.max(640, Math.round(width * 0.625)) };
  await dashboard.visit(
    view.path,
    async (page) => {
      await view.ready(page);
      await page.evaluate('document.fonts.ready');
      faults = (await layoutFaults(page)).map((fault) => `${view.name}, ${width} px wide, ${scheme}: ${fault}`);
      await page.screenshot({ path, fullPage: window !== true, animations: 'disabled' });
    },
    { viewport, colorScheme: scheme },
  );
  return faults;
}
