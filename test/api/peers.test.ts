import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { openPaused, webSocketHandshake } from './bare.js';
import { overServerSentEvents, overWebSocket, streamUrl } from './subscribers.js';
import { withApi } from './support.js';

const heartbeat = 100;
const api = withApi({ heartbeat });

test('a peer that does not answer pings is cut, one that does stays', async () => {
  const attempt = await api.begin();
  const live = new WebSocket(streamUrl(api.url, attempt.job, null));
  let pings = 0;
  live.on('ping', () => pings++);
  const dead = await openPaused(`${api.url}/jobs/${attempt.job}/stream`, webSocketHandshake);
  dead.resume();
  await once(dead, 'close');
  while (pings < 5) await delay(heartbeat);
  assert.equal(live.readyState, WebSocket.OPEN);
  live.terminate();
});

test('an idle event source gets comment lines', async () => {
  const attempt = await api.begin();
  const socket = await openPaused(`${api.url}/jobs/${attempt.job}/events`, '');
  let received = '';
  socket.on('data', (data) => {
    received += data;
  });
  socket.resume();
  while ((received.match(/^:$/gm) ?? []).length < 3) await delay(heartbeat);
  assert.match(received, /^content-type: text\/event-stream/im);
  socket.destroy();
});

test('a subscription ends when its subscriber disconnects', async () => {
  const attempt = await api.begin();
  const before = api.app.websocketServer.clients.size;
  const sockets = Array.from({ length: 5 }, () => new WebSocket(streamUrl(api.url, attempt.job, null)));
  await Promise.all(sockets.map((socket) => once(socket, 'message')));
  for (const socket of sockets) socket.terminate();
  while (api.app.websocketServer.clients.size > before) await delay(5);
  // The job's other subscribers are still served.
  const following = [overWebSocket, overServerSentEvents].map((subscribe) => subscribe(api.url, attempt.job, null));
  await attempt.succeed();
  for (const { ended } of await Promise.all(following)) assert(ended);
});
