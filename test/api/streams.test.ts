import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { cursorOf } from '../../src/contract/cursor.js';
import type { JobEvent } from '../../src/contract/events.js';
import type { Attempt } from '../../src/jobs/attempts.js';
import { testSeed, uniform } from '../weights/samples.js';
import { overServerSentEvents, overWebSocket, type Subscribe, streamUrl } from './subscribers.js';
import { withApi } from './support.js';

const api = withApi();
const transports: [string, Subscribe][] = [
  ['WebSocket', overWebSocket],
  ['server-sent events', overServerSentEvents],
];

/** Appends a run's events as a worker does, as fast as Redis takes them. */
async function write(attempt: Attempt, count: number, points = 20): Promise<void> {
  for (let iteration = 0; iteration < count; iteration++) {
    const losses = Float32Array.from({ length: points }, (_, step) => iteration + step / 100);
    if (iteration % 50 === 7) losses[3] = Number.NaN;
    const appended = attempt.append({ type: 'losses', iteration, step: 0, perIteration: points, points: losses });
    if (iteration % 20 === 0) await appended;
    if (iteration % 5 === 0) await turn();
  }
  await attempt.succeed();
}

for (const [name, subscribe] of transports)
  test(`a subscriber cut ten times gets exactly the sequence of an uninterrupted one: ${name}`, async () => {
    const seed = testSeed();
    console.log(`TEST_SEED=${seed}`);
    const random = uniform(seed);
    const attempt = await api.begin();
    const steady = subscribe(api.url, attempt.job, null);
    const writing = write(attempt, 3000);

    const received: JobEvent[] = [];
    for (let cut = 0; cut < 10; cut++) {
      const cursor = received.length > 0 ? cursorOf(received.at(-1)!) : null;
      const part = await subscribe(api.url, attempt.job, cursor, Math.floor(random() * 250));
      assert.equal(part.ended, false, 'the job ended before the tenth cut');
      received.push(...part.events);
    }
    const last = received.length > 0 ? cursorOf(received.at(-1)!) : null;
    const rest = await subscribe(api.url, attempt.job, last);
    received.push(...rest.events);
    await writing;

    const { events, ended } = await steady;
    assert(ended && rest.ended);
    assert(events.length > 3000, `${events.length} events`);
    assert.deepEqual(received, events);
    assert.deepEqual(events.map(cursorOf), [...new Set(events.map(cursorOf))]);
    const final = events.at(-1);
    assert(final?.type === 'state' && final.state === 'succeeded');
  });

test('numbers that JSON lacks are strings over every transport', async () => {
  const attempt = await api.begin();
  const points = Float32Array.of(1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  await attempt.append({ type: 'losses', iteration: 0, step: 0, perIteration: 4, points });
  await attempt.succeed();
  for (const [, subscribe] of transports) {
    const { events } = await subscribe(api.url, attempt.job, null);
    const losses = events.find((event) => event.type === 'losses');
    assert.deepEqual(losses?.points, [1.5, 'NaN', 'Infinity', '-Infinity']);
  }
  const series = (await api.request('GET', `/jobs/${attempt.job}/losses`)).json<{ mean: unknown[]; last: unknown[] }>();
  assert.deepEqual([series.mean, series.last], [[1.5], ['-Infinity']]);
});

test('the same events, in any number of subscribers and transports', async () => {
  const attempt = await api.begin();
  const all = transports.flatMap(([, subscribe]) =>
    Array.from({ length: 10 }, () => subscribe(api.url, attempt.job, null)),
  );
  await write(attempt, 100);
  const [first, ...others] = await Promise.all(all);
  for (const other of others) assert.deepEqual(other, first);
});

test('a job that has ended: its events, and nothing after the last', async () => {
  const attempt = await api.begin();
  await write(attempt, 3);
  for (const [name, subscribe] of transports) {
    const { events, ended } = await subscribe(api.url, attempt.job, null);
    assert(ended, name);
    const rest = await subscribe(api.url, attempt.job, cursorOf(events.at(-1)!));
    assert.deepEqual(rest, { events: [], ended: true, error: null }, name);
  }
  const cursor = cursorOf((await overWebSocket(api.url, attempt.job, null)).events.at(-1)!);
  assert.equal((await api.request('GET', `/jobs/${attempt.job}/events?cursor=${cursor}`)).status, 204);
});

for (const [name, subscribe] of transports)
  test(`a job deleted while a slow subscriber reads: an error, not a normal end: ${name}`, async () => {
    const attempt = await api.begin();
    const all = 1500;
    // More than fits the sockets' buffers and the shared tail, so that the rest has to be read from Redis.
    const held = subscribe(api.url, attempt.job, null, Number.POSITIVE_INFINITY, async () => {
      await write(attempt, all, 1000);
      await api.request('DELETE', `/jobs/${attempt.job}`);
    });
    const { events, ended, error } = await held;
    assert.deepEqual([ended, error], [false, '4410 deleted'], `${events.length} events`);
    assert(events.length > 0 && events.length < all, `${events.length} events`);
  });

test('Last-Event-ID overrides the cursor of the URL, which an EventSource does not change', async () => {
  const attempt = await api.begin();
  await write(attempt, 5);
  const { events } = await overWebSocket(api.url, attempt.job, null);
  const [first, second] = events.map(cursorOf);
  const answer = await api.request('GET', `/jobs/${attempt.job}/events?cursor=${first}`, {
    headers: { 'last-event-id': second! },
  });
  assert.deepEqual(String(answer.bytes).match(/(?<=^id: ).*/gm), events.map(cursorOf).slice(2));
});

test('before the upgrade, errors are HTTP responses with a problem document', async () => {
  const { job } = await api.begin();
  const cases: [string, number, string][] = [
    [streamUrl(api.url, 'j000000000000000000', null), 404, 'not-found'],
    [streamUrl(api.url, job, 'nonsense'), 400, 'invalid-cursor'],
    [streamUrl(api.url, job, '1.5e3'), 400, 'invalid-cursor'],
    [`${streamUrl(api.url, job, null)}?after=1.2`, 400, 'invalid-document'],
    [`${api.url.replace('http', 'ws')}/nowhere`, 404, 'not-found'],
    [`${api.url.replace('http', 'ws')}/jobs`, 400, 'malformed-request'],
  ];
  for (const [url, status, code] of cases) {
    const answer = await refusal(url);
    assert.equal(answer.status, status, url);
    assert.match(answer.type, /^application\/problem\+json/, url);
    assert.equal(answer.problem.code, code, url);
  }
});

function refusal(url: string): Promise<{ status: number; type: string; problem: { code: string } }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.on('open', () => reject(new Error(`${url} was accepted`)));
    socket.on('error', reject);
    socket.on('unexpected-response', async (_request, response) => {
      const problem = JSON.parse(await text(response));
      resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', problem });
    });
  });
}
