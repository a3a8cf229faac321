import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildApp } from '../../src/api/app.js';
import { openPaused } from './bare.js';
import { withApi } from './support.js';

const patience = { headers: 300, request: 1500, idle: 600, closing: 300 };
const api = withApi({ patience, heartbeat: 200 });

async function open(address: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

/** All data until the service closes the connection. */
async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (data) => {
    text += data;
  });
  await once(socket, 'close');
  return text;
}

const halfBody =
  'POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';

for (const [what, text] of [
  ['headers', 'GET /jobs HTTP/1.1\r\nHost: loc'],
  ['body', halfBody],
] as const)
  test(`half a request, its ${what}, gets 408, and is closed`, async () => {
    const answer = await answerOf(await open(api.url, text));
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\nContent-Type: application\/problem\+json\r\n/);
    assert.equal(JSON.parse(answer.slice(answer.indexOf('{'))).code, 'request-timeout');
  });

test('a body sent a byte at a time gets 408 in the end', async () => {
  const socket = await open(api.url, halfBody);
  const answering = answerOf(socket);
  const drip = setInterval(() => socket.write(' '), 200);
  assert.match(await answering, /^HTTP\/1\.1 408 /);
  clearInterval(drip);
});

test('a subscriber to server-sent events that reads nothing is cut, one that reads stays', async () => {
  const attempt = await api.begin();
  const path = `${api.url}/jobs/${attempt.job}/events`;
  const { client: idle, cut } = await openIdle(path);
  const reader = await openPaused(path, '');
  let isOpen = true;
  reader.resume().on('close', () => {
    isOpen = false;
  });
  // More than fits the kernel's buffers.
  const points = Float32Array.from({ length: 2048 }, (_, i) => Math.sin(i));
  for (let iteration = 0; iteration < 600; iteration++)
    await attempt.append({ type: 'losses', iteration, step: 0, perIteration: 2048, points });
  await cut;
  await delay(3 * patience.idle);
  assert.ok(isOpen);
  reader.destroy();
  idle.destroy();
});

test('a download that is not read is cut', async () => {
  const attempt = await api.begin();
  await api.jobs.artifacts.put(attempt.job, 'large.bin', new Uint8Array(64 << 20));
  const { client, cut } = await openIdle(`${api.url}/jobs/${attempt.job}/artifacts/large.bin`);
  await cut;
  client.destroy();
});

test('an API closes although clients have sent half a request or read nothing', async () => {
  const app = await buildApp({
    jobs: api.jobs,
    patience: { headers: 60_000, request: 60_000, idle: 60_000, closing: 300 },
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const attempt = await api.begin();
  await api.jobs.artifacts.put(attempt.job, 'large.bin', new Uint8Array(64 << 20));
  const sockets = await Promise.all([
    open(url, 'GET /jobs HTTP/1.1\r\nHost: loc'),
    open(url, halfBody),
    openPaused(`${url}/jobs/${attempt.job}/artifacts/large.bin`, ''),
    openPaused(`${url}/jobs/${attempt.job}/events`, ''),
  ]);
  await until(() => new Promise((answer) => app.server.getConnections((_, count) => answer(count === sockets.length))));
  const asked = performance.now();
  await app.close();
  assert.ok(performance.now() - asked < 10_000);
  for (const socket of sockets) socket.destroy();
});

/** A client that reads nothing; `cut` resolves when the service has closed its end, which such a client cannot see. */
async function openIdle(address: string): Promise<{ client: Socket; cut: Promise<unknown> }> {
  const accepted = once(api.app.server, 'connection');
  const client = await openPaused(address, '');
  const [end] = (await accepted) as [Socket];
  return { client, cut: once(end, 'close') };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
