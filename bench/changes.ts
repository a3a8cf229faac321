import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../src/client/client.js';
import { startRedisServer } from '../src/service/redis/server.js';
import { start } from '../test/cli/command.js';
import { openHarness } from '../test/jobs/harness.js';
import { createTemporaryFolder } from '../test/support/redis.js';
import { moveJobs } from './moving-jobs.js';
import { processorTime, processorTimeOf } from './processor-time.js';

/** `npm run bench -- --changes`: what GET /events costs while many jobs run, by the number of its listeners. */

/** Running jobs; milliseconds between two changes of each; milliseconds per measurement. */
const jobs = 200;
const interval = 200;
const time = 10_000;

export async function measureChanges(): Promise<number> {
  const folder = await createTemporaryFolder();
  const server = await startRedisServer({ folder: join(folder.path, 'redis') });
  const api = start(['api', '--redis', server.url, '--data', folder.path, '--port', '0', '--log-level', 'info']);
  const harness = await openHarness({ url: server.url, folder: folder.path });
  try {
    const [, url] = await api.until('stderr', /(http:\/\/127\.0\.0\.1:\d+)/);
    const moving = await moveJobs(harness, jobs, interval);
    console.log(`${jobs} running jobs, each with ${(1000 / interval).toFixed(0)} changes per second.`);
    for (const listeners of [0, 1, 10]) {
      const over = new AbortController();
      const received = { messages: 0, jobs: 0, bytes: 0 };
      const listening = Array.from({ length: listeners }, async () => {
        try {
          for await (const changes of new Client(url!).changes({ signal: over.signal })) {
            received.messages++;
            received.jobs += changes.jobs.length;
            received.bytes += JSON.stringify(changes).length;
          }
        } catch (error) {
          if (!over.signal.aborted) throw error;
        }
      });
      // The first messages, and what compiles them, do not count.
      await delay(3000);
      const before = [
        await processorTime(api.child.pid!),
        await processorTimeOf(harness.redis),
        moving.appends,
      ] as const;
      Object.assign(received, { messages: 0, jobs: 0, bytes: 0 });
      await delay(time);
      const after = [
        await processorTime(api.child.pid!),
        await processorTimeOf(harness.redis),
        moving.appends,
      ] as const;
      const [inApi, inRedis, appends] = after.map((value, i) => ((value - before[i]!) / time) * 1000);
      over.abort();
      await Promise.all(listening);
      const each = received.messages / Math.max(1, listeners);
      console.log(
        `${listeners} listeners: API ${inApi!.toFixed(0)} ms and Redis ${inRedis!.toFixed(0)} ms of processor time per second, at ${appends!.toFixed(0)} appends per second; ${(each / (time / 1000)).toFixed(1)} messages per second to each, of ${(received.jobs / Math.max(1, received.messages)).toFixed(0)} jobs and ${(received.bytes / 1000 / Math.max(1, received.messages)).toFixed(0)} kB.`,
      );
    }
    await moving.stop();
  } finally {
    api.child.kill('SIGTERM');
    await api.ended;
    await harness.close();
    await server.stop();
    await folder.remove();
  }
  return 0;
}
