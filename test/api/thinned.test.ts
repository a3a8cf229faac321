import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { cursorOf, parseCursor } from '../../src/contract/cursor.js';
import { losses } from '../jobs/harness.js';
import { Received, writeMixed } from '../jobs/thinned.js';
import { testSeed, uniform } from '../weights/samples.js';
import { overServerSentEvents, overWebSocket, type Subscribe, streamUrl } from './subscribers.js';
import { withApi } from './support.js';

const api = withApi();
const transports: [string, Subscribe][] = [
  ['WebSocket', overWebSocket],
  ['server-sent events', overServerSentEvents],
];
const uncut = Number.POSITIVE_INFINITY;

for (const [name, subscribe] of transports)
  test(`a subscriber cut ten times, with a rate and without, gets each event once: ${name}`, async (t) => {
    const seed = testSeed();
    t.diagnostic(`seed ${seed}`);
    const draw = uniform(seed);
    const attempt = await api.begin();
    const writing = writeMixed(attempt, draw, 1500).then(() => attempt.succeed());
    const parts = [];
    for (let cut = 0, cursor: string | null = null; cut < 10; cut++) {
      const choice = draw() < 0.7 ? { rate: 1 + Math.floor(50 * draw()) } : {};
      const { events } = await subscribe(api.url, attempt.job, cursor, 1 + Math.floor(100 * draw()), undefined, choice);
      parts.push(...events);
      cursor = parts.length > 0 ? cursorOf(parts.at(-1)!) : null;
    }
    const last = cursorOf(parts.at(-1)!);
    const rest = await subscribe(api.url, attempt.job, last, uncut, undefined, { rate: 20 });
    await writing;
    const received = new Received((await overWebSocket(api.url, attempt.job, null)).events);
    for (const event of [...parts, ...rest.events]) received.add(event);
    assert.ok(rest.ended && received.isComplete);
    const end = await subscribe(api.url, attempt.job, received.cursor, uncut, undefined, { rate: 20, types: 'losses' });
    assert.deepEqual(end, { events: [], ended: true, error: null });
  });

test('an ended job, thinned: its events, then 204 for an EventSource that comes back', async () => {
  const attempt = await api.begin();
  await writeMixed(attempt, uniform(7), 300);
  await attempt.succeed();
  const path = `/jobs/${attempt.job}/events?rate=10&types=losses,state`;
  const text = String((await api.request('GET', path)).bytes);
  const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!);
  const types = new Set([...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type));
  assert.deepEqual([...types].sort(), ['loss-buckets', 'state']);
  assert.equal((await api.request('GET', path, { headers: { 'last-event-id': ids.at(-1)! } })).status, 204);
  // From any other event, there is more.
  for (const id of ids.slice(0, -1))
    assert.equal((await api.request('GET', path, { headers: { 'last-event-id': id } })).status, 200);
});

test('an EventSource that names the id of an event that overtook losses gets those losses', async () => {
  const attempt = await api.begin();
  for (let i = 0; i < 20; i++) {
    await attempt.append(losses(i, 1, 4));
    await attempt.append({ type: 'progress', phase: 'validation', done: i, total: 20 });
  }
  await attempt.succeed();
  const { events } = await overServerSentEvents(api.url, attempt.job, null, uncut, undefined, { rate: 1 });
  const cursor = cursorOf(events.findLast((event) => event.cursor !== undefined)!);
  const { seq, losses: from } = parseCursor(cursor)!;
  const { events: rest } = await overServerSentEvents(api.url, attempt.job, cursor);
  assert.deepEqual(
    rest.map((event) => event.seq),
    Array.from({ length: 41 }, (_, i) => i + 2).filter((n) => n > (n % 2 === 0 && n < 42 ? from : seq)),
  );
});

for (const [name, subscribe] of transports)
  test(`a thinned subscriber that stops reading gets the rest in few messages: ${name}`, async () => {
    const attempt = await api.begin();
    const written = 2000;
    const began = performance.now();
    const held = async () => {
      for (let i = 0; i < written; i += 50)
        await Promise.all(Array.from({ length: 50 }, (_, k) => attempt.append(losses(i + k, 1, 100))));
      await attempt.succeed();
    };
    const { events, ended } = await subscribe(api.url, attempt.job, null, uncut, held, {
      rate: 10,
      types: 'losses,state',
    });
    const periods = (performance.now() - began) / 100;
    assert.ok(ended);
    const sums = events.filter((event) => event.type === 'loss-buckets');
    assert.equal(
      sums.flatMap(({ count }) => count).reduce((sum, n) => sum + n),
      100 * written,
    );
    assert.ok(sums.length <= periods + 4, `${sums.length} messages in ${periods} periods`);
  });

test('what cannot be asked for is refused', async () => {
  const { job } = await api.begin();
  for (const query of ['rate=0', 'rate=101', 'rate=1.5', 'rate=x', 'types=', 'types=loss', 'types=losses,,state'])
    assert.equal((await api.request('GET', `/jobs/${job}/events?${query}`)).status, 400, query);
  assert.equal((await api.request('GET', `/jobs/${job}/events?cursor=1.1~2`)).json().code, 'invalid-cursor');
  const { detail } = (await api.request('GET', `/jobs/${job}/events?types=loss`)).json<{ detail: string }>();
  assert.match(
    detail,
    /types: found "loss", allowed: a string of one or more of started, losses, .*, separated by commas/,
  );
});

test('a thinned subscriber without news gets nothing, and costs no further message', async () => {
  const attempt = await api.begin();
  const socket = new WebSocket(streamUrl(api.url, attempt.job, '1.1', { rate: 100 }));
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  await attempt.append(losses(0, 1, 4));
  while (messages.length === 0) await delay(5);
  await attempt.succeed();
  await closed;
  assert.deepEqual(
    messages.map((message) => JSON.parse(message).type),
    ['loss-buckets', 'state'],
  );
});
