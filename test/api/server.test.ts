import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { startApi } from '../../src/api/server.js';
import { streamUrl } from './subscribers.js';
import { withApi } from './support.js';

const api = withApi();

test('a server listens, says where, and closes though it has subscribers', async () => {
  const server = await startApi({ jobs: api.jobs, host: '127.0.0.1', port: 0 });
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);

  const { job } = await api.begin();
  const socket = new WebSocket(streamUrl(server.url, job, null));
  await once(socket, 'message');
  const request = get(`${server.url}/jobs/${job}/events`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const ends = [once(socket, 'close'), once(response.resume(), 'end')];
  await server.close();
  const [[code]] = (await Promise.all(ends)) as [[number], unknown];
  assert.equal(code, 1001);
  await assert.rejects(fetch(`${server.url}/healthz`));
});

test('a port that is taken is an error', async () => {
  const { hostname: host, port } = new URL(api.url);
  await assert.rejects(startApi({ jobs: api.jobs, host, port: Number(port) }), { code: 'EADDRINUSE' });
});

test('a page of another site is refused, and one of its own is not', async () => {
  const { job } = await api.begin();
  const connect = async (origin: string) => {
    const socket = new WebSocket(streamUrl(api.url, job, null), { origin });
    const status = await Promise.race([
      once(socket, 'open').then(() => 101),
      once(socket, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode),
    ]);
    socket.once('error', () => {}).terminate();
    return status;
  };
  assert.equal(await connect('https://example.org'), 403);
  assert.equal(await connect('null'), 403);
  assert.equal(await connect(api.url), 101);

  const cancel = (origin: string) => fetch(`${api.url}/jobs/${job}/cancel`, { method: 'POST', headers: { origin } });
  const refused = await cancel('https://example.org');
  assert.equal(refused.status, 403);
  assert.equal(((await refused.json()) as { code: string }).code, 'foreign-origin');
  assert.equal((await cancel(api.url)).status, 200);
});
