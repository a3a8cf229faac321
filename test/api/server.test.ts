import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { startApi } from '../../src/api/server.js';
import { streamUrl } from './subscribers.js';
import { withApi } from './support.js';

const api = withApi();

test('a server listens, prints its address, and closes although it has subscribers', async () => {
  const server = await startApi({ jobs: api.jobs, host: '127.0.0.1', port: 0 });
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);

  const { job } = await api.begin();
  const socket = new WebSocket(streamUrl(server.url, job, null));
  await once(socket, 'message');
  const request = get(`${server.url}/jobs/${job}/events`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  response.on('error', () => {});
  const ends = [once(socket, 'close'), new Promise((resolve) => response.once('close', resolve))];
  await server.close();
  const [[code]] = (await Promise.all(ends)) as [[number], unknown];
  assert.equal(code, 1001);
  assert.match(text, /\nevent: error\ndata: \{.*"code":"unavailable".*\}\n\n$/);
  assert.equal(response.complete, false);
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

test('on loopback a foreign name is refused, for WebSockets too', async () => {
  const server = await startApi({ jobs: api.jobs, host: '127.0.0.1', port: 0, allowHost: ['Train.example.org'] });
  const { port } = new URL(server.url);
  const { job } = await api.begin();
  const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const ask = (host: string, path: string, headers = {}) =>
    new Promise<[status: number | undefined, code: string | undefined]>((resolve, reject) => {
      const asked = request({ port, path, headers: { host, ...headers }, agent: false });
      asked.on('upgrade', (_, socket) => resolve([101, undefined]) ?? socket.destroy());
      asked.on('response', async (response) => {
        const bytes = Buffer.concat(await response.toArray());
        resolve([response.statusCode, JSON.parse(bytes.toString()).code]);
      });
      asked.on('error', reject).end();
    });
  try {
    for (const host of [
      `127.0.0.1:${port}`,
      'localhost',
      'LocalHost:80',
      '[::1]:80',
      '127.1.2.3',
      'train.example.org:99',
    ])
      assert.deepEqual(await ask(host, '/healthz'), [200, undefined], host);
    const stream = { ...upgrade, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
    assert.deepEqual(await ask('localhost', `/jobs/${job}/stream`, stream), [101, undefined]);
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      '10.0.0.1',
      'a@localhost',
      'x y',
    ]) {
      assert.deepEqual(await ask(host, '/healthz'), [421, 'foreign-host'], host);
      assert.deepEqual(await ask(host, `/jobs/${job}/stream`, stream), [421, 'foreign-host'], host);
      assert.deepEqual(await ask(host, '/nowhere', { origin: `http://${host}` }), [421, 'foreign-host'], host);
    }
    for (const [host, origin] of [
      [`127.0.0.1:${port}`, 'https://train.example.org'],
      ['train.example.org', 'http://train.example.org:3001'],
      ['train.example.org:443', 'https://train.example.org'],
      ['TRAIN.example.org', 'http://train.example.org'],
      ['localhost:80', 'http://LOCALHOST'],
    ] as const) {
      assert.deepEqual(await ask(host, '/healthz', { origin }), [200, undefined], `${host} ${origin}`);
      assert.deepEqual(await ask(host, `/jobs/${job}/stream`, { ...stream, origin }), [101, undefined], host);
    }
    for (const [host, origin] of [
      [`127.0.0.1:${port}`, 'https://train.example.org.evil.example'],
      [`127.0.0.1:${port}`, 'http://localhost:3000'],
      ['train.example.org', 'https://example.org'],
      ['train.example.org', 'null'],
      ['train.example.org', 'file://train.example.org'],
      ['localhost:443', 'http://localhost'],
    ] as const)
      assert.deepEqual(await ask(host, '/healthz', { origin }), [403, 'foreign-origin'], `${host} ${origin}`);
  } finally {
    await server.close();
  }
});

test('on a network any name is accepted, unless the operator allows only some', async () => {
  for (const [allowHost, status] of [
    [[], 200],
    [['train.example.org'], 421],
  ] as const) {
    const server = await startApi({ jobs: api.jobs, host: '0.0.0.0', port: 0, allowHost });
    const { port } = new URL(server.url);
    const asked = get({ port, path: '/healthz', headers: { host: 'other.example.org' }, agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, status);
    await server.close();
  }
});
