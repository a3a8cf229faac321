import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { renderTable } from '../src/cli/render/table.js';
import { startRedisServer } from '../src/service/redis/server.js';
import { start } from '../test/cli/command.js';
import { openHarness } from '../test/jobs/harness.js';
import { launchChromium } from '../test/support/chromium.js';
import { createTemporaryFolder } from '../test/support/redis.js';
import { type Figure, measureJob, measureJobsPage } from './dashboard-measures.js';
import { makeJob } from './make-job.js';
import { measureSubscribers } from './subscribers.js';

/** `npm run bench:dashboard`: what the dashboard takes in a browser. bench/README.md describes the method. */

/** Points, and milliseconds from the navigation to the drawn curve. */
const jobs = [
  ['10⁶', 1e6, 1000],
  ['10⁸', 1e8, 2000],
] as const;

export async function measureDashboard(): Promise<number> {
  const folder = await createTemporaryFolder();
  const redis = await startRedisServer({ folder: join(folder.path, 'redis'), persistent: false });
  const harness = await openHarness({ url: redis.url, folder: folder.path });
  const browser = await launchChromium();
  const api = start(['api', '--port', '0', '--redis', redis.url, '--data', folder.path, '--log-level', 'warn']);
  const figures: Figure[] = [];
  try {
    const [, url = ''] = await api.until('stderr', /Serving at (\S+)/);
    const machine = `${cpus()[0]?.model}, ${cpus().length} CPUs, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
    console.log(`${machine}; Node ${process.versions.node}; Chromium ${browser.version()}`);
    const subject = { browser, url, pid: api.child.pid!, harness };
    figures.push(...(await measureJobsPage(subject)));
    for (const [title, points, goal] of jobs) {
      console.log(`Making a job of ${title} points …`);
      const id = await makeJob({ ...harness, points, document: { title: `${title} points` } });
      figures.push(...(await measureJob(subject, id, title, goal)));
    }
  } finally {
    api.child.kill('SIGINT');
    await api.ended;
    await browser.close();
    await harness.close();
    await redis.stop();
    await folder.remove();
  }
  console.log(render(figures));
  console.log('');
  const served = await measureSubscribers();
  return served === 0 && figures.every(({ value, goal }) => value < goal) ? 0 : 1;
}

function render(figures: readonly Figure[]): string {
  return renderTable(
    [
      { title: 'the dashboard', align: 'left' },
      { title: 'measured', align: 'right' },
      { title: 'goal', align: 'right' },
      { title: '', align: 'left' },
    ],
    figures.map(({ what, value, goal, unit }) => [
      what,
      `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`,
      `< ${goal} ${unit}`,
      value < goal ? 'met' : 'NOT MET',
    ]),
  );
}
