import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../src/contract/job.js';
import type { JobList } from '../../src/contract/lists.js';
import type { LossSeries } from '../../src/contract/losses.js';
import { sampleSpec, withApi } from './support.js';

const api = withApi();

test('a job is created with every default filled in, as the store has it', async () => {
  const document = { kind: 'metatrain', problem: { name: 'simple' }, optimizer: { name: 'lstm' } };
  const answer = await api.request('POST', '/jobs', { body: document });
  assert.equal(answer.status, 201);
  const job = answer.json<Job>();
  assert.equal(answer.headers.get('location'), `/jobs/${job.id}`);
  assert.equal(job.state, 'queued');
  assert.deepEqual(job.spec, sampleSpec(document));
  assert.deepEqual(job, await api.jobs.get(job.id));
  assert.deepEqual((await api.request('GET', `/jobs/${job.id}`)).json(), job);
});

test('a running job in a response has every field of the store, including NaN', async () => {
  const attempt = await api.begin();
  const engine = { engine: 'tfjs', backend: 'wasm', version: '4.22.0', instructionSet: 'wasm-simd', threads: 1 };
  await attempt.append({ type: 'started', engine, coordinates: 10, weights: 100, iterations: 1000, unroll: 20 });
  const points = Float32Array.of(1, Number.NaN);
  await attempt.append({ type: 'losses', iteration: 0, step: 0, perIteration: 2, points });
  await attempt.fail({ code: 'diverged', message: 'The loss is NaN.' });
  const answer = await api.request('GET', `/jobs/${attempt.job}`);
  const job = answer.json<Job>();
  assert.deepEqual(job, await api.jobs.get(attempt.job));
  assert.equal(job.state, 'failed');
  assert.equal(job.failure?.code, 'diverged');
  assert.deepEqual(job.engine, engine);
  assert.equal(job.progress?.loss, 'NaN');
});

test('the same Idempotency-Key and document return the existing job', async () => {
  const spec = sampleSpec({ seed: 5 });
  const headers = { 'idempotency-key': 'key-5:/me' };
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.request('POST', '/jobs', { body: spec, headers })),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201]);
  const ids = new Set(answers.map((answer) => answer.json<Job>().id));
  assert.equal(ids.size, 1);
  for (const { headers } of answers) assert.equal(headers.get('location'), `/jobs/${[...ids][0]}`);

  const other = await api.request('POST', '/jobs', { body: sampleSpec({ seed: 6 }), headers });
  assert.deepEqual([other.status, other.json().code], [409, 'idempotency-conflict']);
  const unlike = await api.request('POST', '/jobs', { body: spec, headers: { 'idempotency-key': 'key-6' } });
  assert.equal(unlike.status, 201);
});

test('an invalid Idempotency-Key is refused', async () => {
  for (const key of ['a b', 'x'.repeat(256), 'é']) {
    const answer = await api.request('POST', '/jobs', { body: sampleSpec(), headers: { 'idempotency-key': key } });
    assert.deepEqual([answer.status, answer.json().code], [400, 'invalid-document'], key);
  }
});

test('jobs are listed newest first, page by page, by state and label', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) ids.unshift((await api.submit(sampleSpec({ labels: ['listed', `n${i % 2}`] }))).id);
  await api.request('POST', `/jobs/${ids[3]}/cancel`);

  const pages: string[][] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `limit=3&label=listed${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = (await api.request('GET', `/jobs?${query}`)).json<{ jobs: Job[]; next: string | null }>();
    pages.push(page.jobs.map(({ id }) => id));
    cursor = page.next;
  }
  assert.deepEqual(pages.flat(), ids);
  assert.deepEqual(pages[0], ids.slice(0, 3));

  const listed = async (query: string) =>
    (await api.request('GET', `/jobs?${query}`)).json<{ jobs: Job[] }>().jobs.map(({ id }) => id);
  assert.deepEqual(
    await listed('label=n1'),
    ids.filter((_, i) => i % 2 === 1),
  );
  assert.deepEqual(await listed('label=listed&state=cancelled'), [ids[3]]);
  assert.deepEqual(await listed('label=unheard-of'), []);
});

test('a queued job is cancelled at once, and stays so', async () => {
  const { id } = await api.submit();
  const cancelled = await api.request('POST', `/jobs/${id}/cancel`);
  assert.deepEqual([cancelled.status, cancelled.json<Job>().state], [200, 'cancelled']);
  assert.equal((await api.request('POST', `/jobs/${id}/cancel`, { body: {} })).json<Job>().state, 'cancelled');

  const attempt = await api.begin();
  await attempt.succeed();
  const late = await api.request('POST', `/jobs/${attempt.job}/cancel`);
  assert.deepEqual([late.status, late.json().code], [409, 'conflict']);
});

test('only a job that has ended can be deleted', async () => {
  const { id } = await api.submit();
  const early = await api.request('DELETE', `/jobs/${id}`);
  assert.deepEqual([early.status, early.json().code], [409, 'conflict']);
  await api.request('POST', `/jobs/${id}/cancel`);
  const answer = await api.request('DELETE', `/jobs/${id}`);
  assert.deepEqual([answer.status, answer.bytes.length], [204, 0]);
  assert.equal((await api.request('GET', `/jobs/${id}`)).status, 404);
  assert.equal((await api.request('DELETE', `/jobs/${id}`)).status, 404);
});

test('losses of a range, downsampled', async () => {
  const attempt = await api.begin();
  for (let iteration = 0; iteration < 100; iteration++)
    await attempt.append({
      type: 'losses',
      iteration,
      step: 0,
      perIteration: 2,
      points: Float32Array.of(iteration, iteration + 1),
    });
  const losses = async (query: string) =>
    (await api.request('GET', `/jobs/${attempt.job}/losses${query}`)).json<LossSeries>();
  const all = await losses('');
  assert.deepEqual([all.from, all.to, all.iterationsPerBucket, all.mean.length], [0, 100, 1, 100]);
  assert.deepEqual(all.mean.slice(0, 3), [0.5, 1.5, 2.5]);
  const some = await losses('?from=20&to=40&points=2');
  assert.deepEqual(some, await api.jobs.losses(attempt.job, { from: 20, to: 40, points: 2 }));
  assert.deepEqual(
    [some.from, some.to, some.iteration, some.mean, some.min, some.max],
    [16, 48, [16, 32], [24, 40], [16, 32], [32, 48]],
  );
  await attempt.succeed();
});

test('every loss, as CSV and packed, the latest attempt winning', async () => {
  const first = await api.begin(sampleSpec({ training: { iterations: 10, horizon: 4, unroll: 2 } }));
  const append = (attempt: typeof first, iteration: number, ...points: number[]) =>
    attempt.append({ type: 'losses', iteration, step: 0, perIteration: 2, points: Float32Array.from(points) });
  await append(first, 0, 1, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 3, 4);
  await first.retry({ code: 'child-lost', message: 'killed' });
  const second = (await api.attempts.begin(first.job))!;
  await append(second, 2, 5, -6, 7, Number.NEGATIVE_INFINITY);
  await second.succeed();
  const path = `/jobs/${first.job}/losses`;

  const csv = await api.request('GET', path, { headers: { accept: 'text/csv' } });
  const lines = ['0,0,1', '0,1,0.100000001', '1,2,NaN', '1,3,Infinity', '2,0,5', '2,1,-6', '3,2,7', '3,3,-Infinity'];
  assert.equal(csv.bytes.toString(), `${['iteration,step,loss', ...lines].join('\n')}\n`);
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv\b/);
  assert.equal(csv.headers.get('content-disposition'), `attachment; filename="${first.job}-losses.csv"`);
  assert.equal(csv.headers.get('vary'), 'Accept');
  const some = await api.request('GET', `${path}?from=1&to=3&format=csv`);
  assert.equal(some.bytes.toString(), `${['iteration,step,loss', ...lines.slice(2, 6)].join('\n')}\n`);

  const packed = await api.request('GET', path, { headers: { accept: 'application/octet-stream' } });
  const floats = Array.from({ length: 8 }, (_, i) => packed.bytes.readFloatLE(4 * i));
  assert.deepEqual([packed.bytes.length, ...floats], [32, 1, Math.fround(0.1), NaN, Infinity, 5, -6, 7, -Infinity]);
  const head = await api.request('HEAD', path, { headers: { accept: 'text/csv' } });
  assert.deepEqual([head.status, head.bytes.length], [200, 0]);
  assert.equal((await api.request('GET', path)).json<LossSeries>().count.length, 4);
  const code = async (query: string, accept: string) =>
    (await api.request('GET', path + query, { headers: { accept } })).json().code;
  assert.equal(await code('', 'image/png'), 'not-acceptable');
  assert.equal(await code('?from=2&to=1', 'text/csv'), 'invalid-document');
});

test('a page of long documents is shortened, and the next one continues after it', async () => {
  const metaLoss = Array.from({ length: 1001 }, (_, i) => (i + 1) / 1009);
  const long = sampleSpec({ labels: ['long'], training: { unroll: 1000, horizon: 1000, metaLoss } });
  const count = Math.ceil((1.5 * 2 ** 20) / JSON.stringify(long).length);
  for (let i = 0; i < count; i++) await api.submit(long);
  const first = await api.request('GET', '/jobs?limit=200&label=long');
  assert.ok(first.bytes.length < 1.25 * 2 ** 20, `${first.bytes.length} bytes`);
  const page = first.json<JobList>();
  assert.ok(page.jobs.length < count && page.next !== null);
  const rest = (await api.request('GET', `/jobs?limit=200&label=long&cursor=${page.next}`)).json<JobList>();
  assert.equal(page.jobs.length + rest.jobs.length, count);
  assert.equal(rest.next, null);
});
