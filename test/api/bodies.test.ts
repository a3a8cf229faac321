import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import type { ErrorDocument } from '../../src/contract/errors.js';
import { documentLimit, uploadLimit } from '../../src/contract/sizes.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';
import { streamUrl } from './subscribers.js';
import { withApi } from './support.js';

const lines: Record<string, unknown>[] = [];
const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
const api = withApi({ logger });

type Ended = [status: number | undefined, code: string | null];

/** Sends a body unchanged, in chunks if the headers have no length. */
function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const sent = request(api.url + path, { method, headers, agent: false });
    sent.on('response', async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve([response.statusCode, text ? ((JSON.parse(text) as ErrorDocument).code ?? null) : null]);
    });
    sent.on('error', reject).end(body);
  });
}

/** The ways in which clients send no body. */
const empty: Record<string, string>[] = [
  {},
  { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' },
  { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' },
  { 'content-type': 'text/plain', 'content-length': '0' },
  { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
  { 'content-type': 'application/json', 'content-length': '0' },
  { 'transfer-encoding': 'chunked' },
];

test('a request without a body may have any content type', async () => {
  for (const headers of empty) {
    const { id } = await api.submit();
    assert.deepEqual(await send('POST', `/jobs/${id}/cancel`, headers), [200, null], JSON.stringify(headers));
    assert.deepEqual(await send('DELETE', `/jobs/${id}`, headers), [204, null], JSON.stringify(headers));
    assert.deepEqual(await send('POST', `/jobs/${id}/cancel`, headers), [404, 'not-found'], JSON.stringify(headers));
  }
});

test('a body of another type is refused if the job exists, and the job does not change', async () => {
  const text = { 'content-type': 'text/plain', 'content-length': '1' };
  const { id } = await api.submit();
  for (const [method, path] of [
    ['POST', `/jobs/${id}/cancel`],
    ['DELETE', `/jobs/${id}`],
    ['POST', '/jobs'],
  ] as const)
    assert.deepEqual(await send(method, path, text, 'x'), [415, 'unsupported-media-type'], path);
  assert.equal((await api.jobs.get(id)).state, 'queued');
  for (const [method, path] of [
    ['POST', '/jobs/unknown/cancel'],
    ['DELETE', '/jobs/unknown'],
    ['DELETE', '/optimizers/unknown/1'],
  ] as const)
    assert.deepEqual(await send(method, path, text, 'x'), [404, 'not-found'], path);
});

test('a body that is too large gets a response before it is all sent', async () => {
  for (let i = 0; i < 20; i++) {
    const document = await api.request('POST', '/jobs', { body: ' '.repeat(8 * documentLimit) });
    assert.deepEqual([document.status, document.json().code], [413, 'body-too-large']);
  }
  const headers = { 'content-type': 'application/vnd.safetensors' };
  const upload = await api.request('POST', '/optimizers?name=a', { headers, body: new Uint8Array(uploadLimit + 1) });
  assert.deepEqual([upload.status, upload.json().code], [413, 'body-too-large']);
});

test('a peer that breaks the WebSocket protocol is cut, and not logged as an error', async () => {
  const { job } = await api.begin();
  lines.length = 0;
  const socket = new WebSocket(streamUrl(api.url, job, null));
  const upgraded = once(socket, 'upgrade');
  socket.on('error', () => {});
  await once(socket, 'open');
  const [{ socket: raw }] = (await upgraded) as [{ socket: Socket }];
  // A frame with reserved bits, which no extension has negotiated.
  raw.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
  await once(socket, 'close');
  while (!lines.some(({ msg }) => msg === 'cut a WebSocket peer')) await setImmediate();
  assert.ok(lines.every((line) => Number(line.level) < 40 && !('err' in line)));
});

test('a cursor’s numbers have the service’s form', async () => {
  const { job } = await api.begin();
  for (const cursor of ['01.1', '1.01', '1.1 ', '+1.1', '1.'])
    assert.equal((await api.request('GET', `/jobs/${job}/events?cursor=${encodeURIComponent(cursor)}`)).status, 400);
});

test('HEAD ignores ranges and has the length; If-Match is honoured', async () => {
  const attempt = await api.begin();
  const weights = encodeWeights(sampleOptimizer(lstmSpec(), 1));
  await api.jobs.artifacts.put(attempt.job, 'weights.safetensors', weights);
  const path = `/jobs/${attempt.job}/weights`;
  const whole = await api.request('HEAD', path, { headers: { range: 'bytes=0-7' } });
  assert.deepEqual([whole.status, whole.headers.get('content-length')], [200, String(weights.length)]);
  const etag = whole.headers.get('etag')!;
  const current = await api.request('HEAD', path, { headers: { 'if-none-match': etag } });
  assert.deepEqual([current.status, current.headers.get('content-length')], [304, null]);
  for (const method of ['GET', 'HEAD']) {
    assert.equal((await api.request(method, path, { headers: { 'if-match': etag } })).status, 200);
    assert.equal((await api.request(method, path, { headers: { 'if-match': `"other", ${etag}` } })).status, 200);
    assert.equal((await api.request(method, path, { headers: { 'if-match': '*' } })).status, 200);
    for (const other of ['"other"', `W/${etag}`, ''])
      assert.equal((await api.request(method, path, { headers: { 'if-match': other } })).status, 412, other);
  }
});
