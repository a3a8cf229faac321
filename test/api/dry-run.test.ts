import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../../src/client/client.js';
import type { DryRun } from '../../src/contract/dry-run.js';
import type { Job } from '../../src/contract/job.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';
import { type RequestOptions, sampleSpec, withApi } from './support.js';

const api = withApi();

const dryRun = (body: unknown, options: RequestOptions = {}) =>
  api.request('POST', '/jobs?dryRun=true', { body, ...options });

test('a dry run answers with what a submission stores, and creates nothing', async () => {
  const document = { kind: 'metatrain', problem: { name: 'simple' }, optimizer: { name: 'lstm' } };
  const answer = await dryRun(document);
  assert.equal(answer.status, 200, String(answer.bytes));
  const { spec, memoryBytes, seconds } = answer.json<DryRun>();
  assert(Number.isInteger(memoryBytes) && memoryBytes > 0, `${memoryBytes} bytes`);
  assert.equal(seconds, null, 'no job of this kind has run');
  assert.deepEqual((await api.jobs.list({ limit: 1 })).jobs, []);
  const counts = await api.queueCounts();
  assert.equal(
    Object.values(counts).reduce((a, b) => a + b, 0),
    0,
    JSON.stringify(counts),
  );
  assert.deepEqual((await api.submit(document)).spec, spec);
  assert.deepEqual(await new Client(api.url).dryRun(document), answer.json());
});

test('the memory grows with the functions that a job holds', async () => {
  const memory = async (fields: object) => (await dryRun(sampleSpec(fields))).json<DryRun>().memoryBytes;
  const training = (functions: number) => ({ training: { functions, unroll: 100, horizon: 100 }, comparison: null });
  const [small, large] = [await memory(training(10)), await memory(training(1000))];
  assert(large > 50 * small, `${small} and ${large} bytes`);
});

test('a dry run refuses what a submission refuses, with the same error', async () => {
  const tooLarge = { functions: 65_536, unroll: 1000, horizon: 1000 };
  const documents = [
    {},
    '{',
    { ...sampleSpec(), seed: -1 },
    { ...sampleSpec(), title: 'two\nlines' },
    { kind: 'metatrain', problem: { name: 'quadratic' }, optimizer: { name: 'lstm' }, training: tooLarge },
    { kind: 'compare', problem: { name: 'parabola' }, optimizer: { name: 'unregistered' }, comparison: {} },
    { kind: 'compare', problem: { name: 'parabola' }, optimizer: { job: 'none' }, comparison: {} },
  ];
  for (const body of documents) {
    const refused = await dryRun(body);
    const submitted = await api.request('POST', '/jobs', { body });
    assert.equal(refused.status, 400, JSON.stringify(body));
    assert.deepEqual([refused.status, refused.json()], [submitted.status, submitted.json()]);
  }
});

test('the trained optimizer that a comparison names is resolved', async () => {
  const weights = Buffer.from(encodeWeights(sampleOptimizer(lstmSpec(), 1)));
  const headers = { 'content-type': 'application/vnd.safetensors' };
  for (let version = 1; version <= 2; version++)
    assert.equal((await api.request('POST', '/optimizers?name=tried', { body: weights, headers })).status, 201);
  const document = { kind: 'compare', problem: { name: 'parabola' }, optimizer: { name: 'tried' }, comparison: {} };
  const { spec } = (await dryRun(document)).json<DryRun>();
  assert.deepEqual(spec.optimizer, { name: 'tried', version: 2 });
  assert.deepEqual((await api.submit(document)).spec, spec);
});

test('an Idempotency-Key has no effect on a dry run', async () => {
  const headers = { 'idempotency-key': 'dry' };
  assert.equal((await dryRun(sampleSpec({ seed: 7 }), { headers })).status, 200);
  const created = await api.request('POST', '/jobs', { body: sampleSpec({ seed: 8 }), headers });
  assert.equal(created.status, 201);
  const other = (await dryRun(sampleSpec({ seed: 9 }), { headers })).json<DryRun>();
  assert.equal(other.spec.seed, 9);
  const again = await api.request('POST', '/jobs', { body: sampleSpec({ seed: 8 }), headers });
  assert.equal(again.json<Job>().id, created.json<Job>().id);
});

test('"false" submits, and anything else is refused', async () => {
  const submitted = await api.request('POST', '/jobs?dryRun=false', { body: sampleSpec() });
  assert.equal(submitted.status, 201);
  for (const value of ['', '1', 'True', 'yes']) {
    const answer = await api.request('POST', `/jobs?dryRun=${value}`, { body: sampleSpec() });
    assert.deepEqual([answer.status, answer.json().code], [400, 'invalid-document'], value);
  }
});
