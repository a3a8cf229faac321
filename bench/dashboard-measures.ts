import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import type { Harness } from '../test/jobs/harness.js';
import { openPage, type WatchedPage } from '../test/support/chromium.js';
import { moveJobs } from './moving-jobs.js';
import { clock, firstPaint, frames, untilDrawn, zoom } from './page-clock.js';

/** A measured figure beside what it should be below. */
export interface Figure {
  what: string;
  value: number;
  goal: number;
  unit: 'ms' | 'MB';
}

/** The service under measurement. */
export interface Subject {
  readonly browser: Browser;
  /** URL of the API, a process of its own. */
  readonly url: string;
  readonly pid: number;
  /** A worker's side of its jobs. */
  readonly harness: Harness;
}

/** Of a page opened so many times, in a new profile each, so that nothing is cached; the median counts. */
const openings = 5;
const jobsInTable = 200;
const seconds = 10;

/** First paint of the list of jobs, and its frames while all of its jobs move. */
export async function measureJobsPage(subject: Subject): Promise<Figure[]> {
  const jobs = await moveJobs(subject.harness, jobsInTable);
  try {
    const paints: number[] = [];
    for (let i = 0; i < openings; i++)
      await visit(subject, '/ui/', async (page) => {
        paints.push(await firstPaint(page));
      });
    const paint = median(paints);
    const { gaps, changes, appends } = await visit(subject, '/ui/', async (page) => {
      const rows = page.locator('tbody tr');
      await rows.first().waitFor();
      for (let shown = await rows.count(); shown < jobsInTable; shown = await rows.count()) {
        await page.getByRole('button', { name: 'More jobs' }).click();
        await rows.nth(shown).waitFor({ state: 'attached' });
      }
      const before = jobs.appends;
      return { ...(await frames(page, seconds)), appends: jobs.appends - before };
    });
    const rows = `${jobsInTable} jobs, ${Math.round(appends / seconds)} appends and ${Math.round(changes / seconds)} changes of the page per second`;
    if (changes === 0) throw new Error('The table of jobs does not move.');
    const sorted = gaps.toSorted((a, b) => a - b);
    return [
      { what: 'Jobs: first paint', value: paint, goal: 1000, unit: 'ms' },
      { what: `${rows}: p99 frame`, value: sorted[Math.floor(0.99 * sorted.length)]!, goal: 50, unit: 'ms' },
      { what: 'and the longest frame', value: sorted.at(-1)!, goal: 50, unit: 'ms' },
    ];
  } finally {
    await jobs.stop();
  }
}

/** From the navigation to the drawn curve of a job, what the API's memory grew by, and zooms anywhere into it. */
export async function measureJob(subject: Subject, id: string, points: string, goal: number): Promise<Figure[]> {
  const times: number[] = [];
  const zooms: { time: number; extent: string }[] = [];
  const memory = watchMemory(subject.pid);
  for (let i = 0; i < openings; i++)
    await visit(subject, `/ui/jobs/${id}`, async (page) => {
      times.push(await untilDrawn(page));
    });
  await visit(subject, `/ui/jobs/${id}`, async (page) => {
    await untilDrawn(page);
    for (const path of zoomPaths) {
      for (const [from, to] of path) zooms.push(await zoom(page, from, to));
      await page.getByRole('button', { name: 'Show all' }).click();
    }
  });
  const { before, peak } = memory.stop();
  const slowest = zooms.reduce((a, b) => (b.time > a.time ? b : a));
  return [
    { what: `a job of ${points} points: drawn`, value: median(times), goal, unit: 'ms' },
    { what: `the slowest of ${zooms.length} zooms, to ${slowest.extent}`, value: slowest.time, goal: 300, unit: 'ms' },
    { what: 'memory that the API grew by', value: (peak - before) / 1e6, goal: 64, unit: 'MB' },
  ];
}

/** Zooms one after the other, each as two places from 0 to 1 of what is in view. */
const zoomPaths: readonly (readonly [from: number, to: number])[][] = [
  [
    [0.05, 0.1],
    [0.4, 0.5],
    [0.7, 0.72],
  ],
  [
    [0.3, 0.9],
    [0.5, 0.51],
    [0.2, 0.4],
  ],
  [
    [0.97, 0.99],
    [0.1, 0.6],
    [0.8, 0.82],
  ],
];

/** Opens a page and clears it away; fails if it complains. */
async function visit<T>({ browser, url }: Subject, path: string, use: (page: Page) => Promise<T>): Promise<T> {
  const opened: WatchedPage = await openPage(browser, { baseURL: url, viewport: { width: 1440, height: 900 } });
  try {
    await opened.page.addInitScript(clock);
    await opened.page.goto(path);
    const result = await use(opened.page);
    if (opened.complaints.length > 0) throw new Error(`${path}: ${opened.complaints.join('\n')}`);
    return result;
  } finally {
    await opened.close();
  }
}

/** Bytes of resident memory of a process, every 10 ms. */
function watchMemory(pid: number) {
  const resident = () => 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  const before = resident();
  let peak = before;
  const look = () => {
    peak = Math.max(peak, resident());
  };
  const timer = setInterval(look, 10);
  return {
    stop() {
      clearInterval(timer);
      look();
      return { before, peak };
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
