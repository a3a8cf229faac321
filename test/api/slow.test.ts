import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobEvent } from '../../src/contract/events.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { openPaused, webSocketHandshake } from './bare.js';
import { overWebSocket } from './subscribers.js';
import { withApi } from './support.js';

/** Events pulled so far by each subscription, in order of opening. */
const pulled: number[] = [];

/** Real jobs, counting the events that the API pulls. */
function counting(jobs: Jobs): Jobs {
  return new Proxy(jobs, {
    get(target, name: keyof Jobs) {
      if (name === 'subscribe')
        return (...asked: Parameters<Jobs['subscribe']>) => countPulls(target.subscribe(...asked));
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function countPulls(opening: ReturnType<Jobs['subscribe']>): ReturnType<Jobs['subscribe']> {
  const events = await opening;
  const index = pulled.push(0) - 1;
  const next = async () => {
    const result = await events.next();
    if (!result.done) pulled[index]!++;
    return result;
  };
  const counted: AsyncIterableIterator<JobEvent> = {
    next,
    return: async () => (await events.return?.()) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]: () => counted,
  };
  return counted;
}

const api = withApi({ observe: counting });

for (const [name, path, headers] of [
  ['WebSocket', 'stream', webSocketHandshake],
  ['server-sent events', 'events', ''],
] as const)
  test(`a client that does not read needs only a bounded buffer, whatever the job sends: ${name}`, async () => {
    const attempt = await api.begin();
    pulled.length = 0;
    const slow = await openPaused(`${api.url}/jobs/${attempt.job}/${path}`, headers);
    while (pulled.length === 0) await delay(5);
    const swift = overWebSocket(api.url, attempt.job, null);
    // About 40 KB per event as JSON, 24 MB in total; the kernel's buffers hold a few of them.
    const points = Float32Array.from({ length: 2048 }, (_, i) => Math.sin(i));
    const count = 600;
    for (let iteration = 0; iteration < count; iteration++)
      await attempt.append({ type: 'losses', iteration, step: 0, perIteration: 2048, points });
    await attempt.succeed();
    const { events } = await swift;
    assert(events.length > count);
    const [bySlow = 0] = pulled;
    assert(bySlow < count / 2, `${bySlow} of ${count} events were pulled for a client that reads nothing`);

    // Nothing is lost: once the client reads again, it gets all events.
    const read = countReads(slow);
    while (!read.text().includes('"succeeded"')) await delay(20);
    assert.equal(read.losses(), count);
    slow.destroy();
  });

/** Reads a connection: the number of loss events so far, and the end of the data. */
function countReads(socket: Socket): { losses(): number; text(): string } {
  const mark = '"type":"losses"';
  let losses = 0;
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (data: string) => {
    const parts = (rest + data).split(mark);
    losses += parts.length - 1;
    rest = parts.at(-1)!.slice(-1000);
  });
  socket.resume();
  return { losses: () => losses, text: () => rest };
}
