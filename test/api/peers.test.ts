import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { JobEvent } from '../../src/contract/events.js';
import type { Jobs } from '../../src/jobs/jobs.js';
import { overServerSentEvents, overWebSocket, streamUrl } from './subscribers.js';
import { withApi } from './support.js';

/** Events pulled so far by each subscription, in the order in which they were opened. */
const pulled: number[] = [];

/** The jobs themselves, with a count of what the API pulls. */
function counting(jobs: Jobs): Jobs {
  return new Proxy(jobs, {
    get(target, name: keyof Jobs) {
      if (name === 'subscribe') return (id: string, cursor: string | null) => countPulls(target.subscribe(id, cursor));
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

const heartbeat = 100;
const api = withApi({ heartbeat, observe: counting });

/** A request on a bare connection, of which nothing is read until `resume`. */
async function openPaused(path: string, headers: string): Promise<Socket> {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${headers}\r\n`);
  return socket;
}

const upgrade = `Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n`;

for (const [name, path, headers] of [
  ['WebSocket', 'stream', upgrade],
  ['server-sent events', 'events', ''],
] as const)
  test(`a client that does not read costs a bounded buffer, whatever the job sends: ${name}`, async () => {
    const attempt = await api.begin();
    pulled.length = 0;
    const slow = await openPaused(`/jobs/${attempt.job}/${path}`, headers);
    while (pulled.length === 0) await delay(5);
    const swift = overWebSocket(api.url, attempt.job, null);
    // About 40 KB an event as JSON, 24 MB in all; the kernel's own buffers hold a few of them.
    const points = Float32Array.from({ length: 2048 }, (_, i) => Math.sin(i));
    const count = 600;
    for (let iteration = 0; iteration < count; iteration++)
      await attempt.append({ type: 'losses', iteration, step: 0, perIteration: 2048, points });
    await attempt.succeed();
    const { events } = await swift;
    assert(events.length > count);
    const [bySlow = 0] = pulled;
    assert(bySlow < count / 2, `${bySlow} of ${count} events were pulled for a client that reads nothing`);
    slow.destroy();
  });

test('a peer that does not answer pings is cut, one that does stays', async () => {
  const attempt = await api.begin();
  const live = new WebSocket(streamUrl(api.url, attempt.job, null));
  let pings = 0;
  live.on('ping', () => pings++);
  const dead = await openPaused(`/jobs/${attempt.job}/stream`, upgrade);
  dead.resume();
  await once(dead, 'close');
  while (pings < 5) await delay(heartbeat);
  assert.equal(live.readyState, WebSocket.OPEN);
  live.terminate();
});

test('an idle event source gets comment lines', async () => {
  const attempt = await api.begin();
  const socket = await openPaused(`/jobs/${attempt.job}/events`, '');
  let received = '';
  socket.on('data', (data) => {
    received += data;
  });
  socket.resume();
  while ((received.match(/^:$/gm) ?? []).length < 3) await delay(heartbeat);
  assert.match(received, /^content-type: text\/event-stream/im);
  socket.destroy();
});

test('a subscriber that goes away takes its subscription with it', async () => {
  const attempt = await api.begin();
  const before = api.app.websocketServer.clients.size;
  const sockets = Array.from({ length: 5 }, () => new WebSocket(streamUrl(api.url, attempt.job, null)));
  await Promise.all(sockets.map((socket) => once(socket, 'message')));
  for (const socket of sockets) socket.terminate();
  while (api.app.websocketServer.clients.size > before) await delay(5);
  // The API still serves the job's other subscribers.
  const following = [overWebSocket, overServerSentEvents].map((subscribe) => subscribe(api.url, attempt.job, null));
  await attempt.succeed();
  for (const { ended } of await Promise.all(following)) assert(ended);
});
