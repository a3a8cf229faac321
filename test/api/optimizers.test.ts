import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import type { ErrorDocument } from '../../src/contract/errors.js';
import type { Job } from '../../src/contract/job.js';
import { countWeights } from '../../src/contract/limits.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import type { RegisteredOptimizer } from '../../src/contract/registry.js';
import type { JobSpec } from '../../src/contract/spec.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js';
import { encodeWeights, toJson, toNpz } from '../../src/weights/weights.js';
import { lstmSpec, mlpSpec, sampleOptimizer } from '../weights/samples.js';
import { goodUpload, malformedUploads } from './malformed-uploads.js';
import { type RequestOptions, sampleSpec, withApi } from './support.js';

const api = withApi();
const trained = sampleOptimizer(lstmSpec({ layers: [5] }), 3);
const weights = Buffer.from(encodeWeights(trained));
const type = 'application/vnd.safetensors';

const upload = (name: string, bytes: Uint8Array = weights, headers: Record<string, string> = {}) =>
  api.request('POST', `/optimizers?name=${encodeURIComponent(name)}`, {
    body: bytes,
    headers: { 'content-type': type, ...headers },
  });
const code = async (method: string, path: string, options?: RequestOptions) =>
  (await api.request(method, path, options)).json().code;

/** A job with weights. */
async function trainedJob(): Promise<string> {
  const attempt = await api.begin(sampleSpec({ comparison: null }));
  await api.jobs.artifacts.put(attempt.job, 'weights.safetensors', weights);
  await attempt.succeed();
  return attempt.job;
}

async function listed(query = ''): Promise<string[]> {
  const found: string[] = [];
  for (let next: string | null = ''; next !== null; ) {
    const path = `/optimizers?limit=3${query}${next && `&cursor=${next}`}`;
    const page: { optimizers: RegisteredOptimizer[]; next: string | null } = (await api.request('GET', path)).json();
    assert(page.optimizers.length <= 3);
    found.push(...page.optimizers.map(({ name, version }) => `${name}@${version}`));
    ({ next } = page);
  }
  return found;
}

test('malformed uploads are refused, each with its error, and nothing of them is kept', async () => {
  const uploads = malformedUploads();
  assert(uploads.length >= 50, `${uploads.length} uploads`);
  for (const { what, bytes, says, name = 'malformed', code = 'invalid-weights' } of uploads) {
    const answer = await upload(name, bytes);
    assert.equal(answer.status, 400, `${what}: ${answer.bytes}`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, what);
    const problem = answer.json<ErrorDocument>();
    assert.equal(problem.code, code, what);
    assert.match(problem.detail, says, what);
    assert(problem.detail.length < 1000, what);
  }
  assert.deepEqual(await listed(), []);
  const folder = join(dirname(dirname(api.redis.url)), 'artifacts');
  const files = () => readdir(folder).catch(() => []);
  assert.deepEqual(await files(), []);
  // No version number was used up, and the file that the others were made from is accepted.
  const good = await upload('malformed', goodUpload);
  assert.deepEqual([good.status, good.json().version, (await files()).length], [201, 1, 1]);
  await api.request('DELETE', '/optimizers/malformed/1');
});

test('an upload is registered with all the metadata of its file', async () => {
  const answer = await upload('mine');
  assert.equal(answer.status, 201, String(answer.bytes));
  assert.equal(answer.headers.get('location'), '/optimizers/mine/1');
  const record = answer.json<RegisteredOptimizer>();
  const { createdAt, ...rest } = record;
  assert(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);
  assert.deepEqual(rest, {
    name: 'mine',
    version: 1,
    job: null,
    weights: countWeights(trained.spec, trained.provenance.problem!),
    size: weights.length,
    sha256: createHash('sha256').update(weights).digest('hex'),
    optimizer: trained.spec,
    widths: [1],
    provenance: trained.provenance,
  });
  assert.deepEqual((await api.request('GET', '/optimizers/mine/1')).json(), record);
  const other = await upload('mine', weights, { 'content-type': 'application/octet-stream' });
  assert.deepEqual([other.status, other.json().version], [201, 2]);
});

test('an upload may have several networks, each for a group of parameters', async () => {
  const groups: LearnedSpec = {
    name: 'groups',
    groups: [
      { name: 'first', parameters: ['layer1/weights'], optimizer: lstmSpec({ layers: [3] }) },
      { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [2] }) },
    ],
  };
  const { problem } = sampleSpec({ problem: { name: 'mnist', hidden: [2] } });
  const bytes = encodeWeights(sampleOptimizer(groups, 3, 0.3, problem));
  const answer = await upload('groups', bytes);
  assert.equal(answer.status, 201, String(answer.bytes));
  assert.deepEqual(answer.json<RegisteredOptimizer>().optimizer, groups);
  assert.deepEqual((await api.request('GET', '/optimizers/groups/1/weights')).bytes, Buffer.from(bytes));
});

test('an upload may be an MLP, alone or in a group, and is served in every form', async () => {
  const { problem } = sampleSpec({ problem: { name: 'mnist', hidden: [2] } });
  const matrices: LearnedSpec = {
    name: 'groups',
    groups: [
      { name: 'matrices', parameters: ['layer1/weights', 'layer2/weights'], optimizer: mlpSpec('small-fc') },
      { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [2] }) },
    ],
  };
  for (const [name, sample] of [
    ['mlp', sampleOptimizer(mlpSpec(), 3, 0.3, problem)],
    ['matrices', sampleOptimizer(matrices, 3, 0.3, problem)],
  ] as const) {
    const answer = await upload(name, encodeWeights(sample));
    assert.equal(answer.status, 201, String(answer.bytes));
    assert.deepEqual(answer.json<RegisteredOptimizer>().optimizer, sample.spec);
    for (const [format, expected] of [
      ['safetensors', encodeWeights(sample)],
      ['npz', toNpz(sample)],
      ['json', Buffer.from(toJson(sample))],
    ] as const) {
      const { bytes } = await api.request('GET', `/optimizers/${name}/1/weights?format=${format}`);
      assert.deepEqual(bytes, Buffer.from(expected), format);
    }
    const spec = { kind: 'compare', problem: { name: 'perceptron' }, optimizer: { name } };
    const elsewhere = await api.request('POST', '/jobs?dryRun=true', { body: spec });
    // An MLP alone fits any tensors; the groups name parameters, which the perceptron has too.
    assert.equal(elsewhere.status, 200, String(elsewhere.bytes));
  }
});

test('weights of a job outlive the job', async () => {
  const job = await trainedJob();
  const answer = await api.request('POST', '/optimizers', { body: { name: 'of-a-job', job } });
  assert.equal(answer.status, 201, String(answer.bytes));
  assert.deepEqual([answer.json().job, answer.json().version], [job, 1]);
  assert.equal((await api.request('DELETE', `/jobs/${job}`)).status, 204);
  assert.deepEqual((await api.request('GET', '/optimizers/of-a-job/1/weights')).bytes, weights);
});

test('weights are served in every format, with ETags and ranges, as for jobs', async () => {
  const job = await trainedJob();
  const path = '/optimizers/mine/1/weights';
  const cases: [string, Record<string, string>, Uint8Array | string][] = [
    ['', {}, weights],
    ['?format=npz', {}, toNpz(trained)],
    ['', { accept: 'application/json' }, toJson(trained)],
    ['', { range: 'bytes=8-15' }, weights.subarray(8, 16)],
  ];
  for (const [query, headers, bytes] of cases) {
    const answer = await api.request('GET', path + query, { headers });
    const same = await api.request('GET', `/jobs/${job}/weights${query}`, { headers });
    assert.deepEqual(answer.bytes, Buffer.from(bytes), query);
    for (const header of ['etag', 'content-type', 'vary', 'accept-ranges', 'content-range'])
      assert.equal(answer.headers.get(header), same.headers.get(header), header);
    assert.match(answer.headers.get('content-disposition') ?? '', /; filename="mine-1\.(safetensors|npz|json)"$/);
    const etag = answer.headers.get('etag') ?? '';
    assert.equal(
      (await api.request('GET', path + query, { headers: { ...headers, 'if-none-match': etag } })).status,
      304,
    );
  }
  assert.equal(await code('GET', path, { headers: { accept: 'image/png' } }), 'not-acceptable');
  assert.equal(await code('GET', path, { headers: { range: 'bytes=100000000-' } }), 'range-not-satisfiable');
});

test('versions are numbered without gaps or repeats under concurrent requests, and never reused', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => upload('race')));
  const versions = answers.map((answer) => answer.json<RegisteredOptimizer>().version);
  assert.deepEqual(
    versions.sort((a, b) => a - b),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  assert.equal((await api.request('DELETE', '/optimizers/race/30')).status, 204);
  for (const path of ['/optimizers/race/30', '/optimizers/race/30/weights'])
    assert.equal(await code('GET', path), 'not-found');
  assert.equal(await code('DELETE', '/optimizers/race/30'), 'not-found');
  assert.equal((await upload('race')).json().version, 31);
  for (let version = 1; version <= 31; version++) await api.request('DELETE', `/optimizers/race/${version}`);
  assert.equal((await upload('race')).json().version, 32);
  assert.deepEqual(await listed('&name=race'), ['race@32']);
});

test('the registry is listed latest first, in pages, whole or by name', async () => {
  for (const name of ['list-a', 'list-b', 'list-a', 'list-a', 'list-b', 'list-a', 'list-a']) await upload(name);
  const a = ['list-a@5', 'list-a@4', 'list-a@3', 'list-a@2', 'list-a@1'];
  assert.deepEqual(await listed('&name=list-a'), a);
  const all = await listed();
  assert.deepEqual(all.slice(0, 4), ['list-a@5', 'list-a@4', 'list-b@2', 'list-a@3']);
  assert.equal(new Set(all).size, all.length);
  await api.request('DELETE', '/optimizers/list-a/4');
  assert.deepEqual(await listed('&name=list-a'), a.toSpliced(1, 1));
  assert.deepEqual(await listed('&name=list'), []);
  for (const cursor of ['x', '-1', '0', '1.5', '(1', '+inf', '1e9'])
    assert.equal(await code('GET', `/optimizers?cursor=${encodeURIComponent(cursor)}`), 'invalid-cursor', cursor);
  for (const query of ['limit=0', 'name=A', 'name=', 'state=queued'])
    assert.equal(await code('GET', `/optimizers?${query}`), 'invalid-document', query);
});

test('an idempotency key creates one version, for one request only', async () => {
  const headers = { 'idempotency-key': 'once' };
  const many = await Promise.all(Array.from({ length: 10 }, () => upload('once', weights, headers)));
  assert.deepEqual(new Set(many.map((answer) => answer.json().version)), new Set([1]));
  assert.equal(many.filter(({ status }) => status === 201).length, 1);
  assert.equal(many.filter(({ status }) => status === 200).length, 9);
  for (const other of [await upload('once', goodUpload, headers), await upload('twice', weights, headers)])
    assert.deepEqual([other.status, other.json().code], [409, 'idempotency-conflict']);
  // Keys of POST /jobs are separate.
  assert.equal((await api.request('POST', '/jobs', { body: sampleSpec(), headers })).status, 201);

  const job = await trainedJob();
  const document = { body: { name: 'once', job }, headers: { 'idempotency-key': 'of a job' } };
  const bad = await api.request('POST', '/optimizers', { ...document, headers: { 'idempotency-key': 'of a job' } });
  assert.equal(bad.json().code, 'invalid-document', 'a key has no spaces');
  document.headers = { 'idempotency-key': 'of-a-job' };
  assert.equal((await api.request('POST', '/optimizers', document)).json().version, 2);
  await api.request('DELETE', `/jobs/${job}`);
  const again = await api.request('POST', '/optimizers', document);
  assert.deepEqual([again.status, again.json().version], [200, 2], 'although the job is gone');
  await api.request('DELETE', '/optimizers/once/2');
  assert.equal((await api.request('POST', '/optimizers', document)).status, 400, 'the version is deleted');
});

test('a job without weights is refused, with another code if it may still get some', async () => {
  const register = (job: string) => api.request('POST', '/optimizers', { body: { name: 'none', job } });
  const attempt = await api.begin(sampleSpec());
  assert.equal((await register(attempt.job)).json().code, 'not-ready');
  await attempt.fail({ code: 'internal', message: 'It broke.' });
  const { problem, comparison } = sampleSpec();
  const source = await trainedJob();
  const compare = await api.submit({ kind: 'compare', problem, comparison, optimizer: { job: source } });
  for (const job of [attempt.job, compare.id, 'j000000000000000000', 'nonsense', '../..']) {
    const answer = await register(job);
    assert.deepEqual([answer.status, answer.json<ErrorDocument>().errors?.[0]?.pointer], [400, '/job'], job);
  }
  assert.deepEqual(await listed('&name=none'), []);
});

test('a request that is neither a document nor a file gets a hint which to send', async () => {
  const job = await trainedJob();
  const cases: [string, string, RequestOptions][] = [
    ['invalid-document', '', { body: { name: 'x' } }],
    ['invalid-document', '', { body: { name: 'X', job } }],
    ['invalid-document', '', { body: { name: 'x', job, version: 3 } }],
    ['invalid-document', '?name=x', { body: { name: 'x', job } }],
    ['invalid-document', '', { body: weights, headers: { 'content-type': type } }],
    ['malformed-json', '', { body: '{' }],
    ['unsupported-media-type', '?name=x', { body: weights, headers: { 'content-type': 'application/zip' } }],
    ['body-too-large', '', { body: `{"name":"${'x'.repeat(2 ** 20)}"}` }],
  ];
  for (const [expected, query, options] of cases)
    assert.equal(await code('POST', `/optimizers${query}`, options), expected, JSON.stringify(options).slice(0, 80));
  // No other route accepts files.
  const headers = { 'content-type': type };
  assert.equal(await code('POST', '/jobs', { body: weights, headers }), 'unsupported-media-type');
  for (const path of [
    '/optimizers/x',
    '/optimizers/mine/0',
    '/optimizers/mine/01',
    '/optimizers/mine/latest',
    '/optimizers/..%2f/1',
  ])
    assert.equal(await code('GET', path), 'not-found', path);
});

test('an upload needs only what it takes to run it, and its record claims no more', async () => {
  const { tensors, metadata } = decodeSafetensors(weights);
  const { format, gateOrder, optimizer } = metadata as Record<'format' | 'gateOrder' | 'optimizer', string>;
  const answer = await upload('minimal', Buffer.from(encodeSafetensors(tensors, { format, gateOrder, optimizer })));
  assert.equal(answer.status, 201, String(answer.bytes));
  const { provenance, widths } = answer.json<RegisteredOptimizer>();
  assert.deepEqual([provenance, widths], [{}, [1]]);
  const compare = { kind: 'compare', problem: { name: 'parabola' }, optimizer: { name: 'minimal' } };
  assert.equal((await api.request('POST', '/jobs', { body: compare })).status, 201);
});

test('a job of an earlier version with a group named ".." stays readable, and its npz is safe to extract', async () => {
  const groups = (name: string): LearnedSpec => ({
    name: 'groups',
    groups: [{ name, parameters: ['*'], optimizer: lstmSpec({ layers: [2] }) }],
  });
  const { job } = await api.jobs.create({ ...sampleSpec(), optimizer: groups('..') } as JobSpec);
  const { tensors, metadata } = decodeSafetensors(encodeWeights(sampleOptimizer(groups('group'), 1)));
  const renamed = tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace('group', '..') }));
  const file = encodeSafetensors(renamed, { ...metadata, optimizer: JSON.stringify(groups('..')) });
  await api.jobs.artifacts.put(job.id, 'weights.safetensors', file);
  assert.deepEqual((await api.request('GET', `/jobs/${job.id}`)).json<Job>().spec, job.spec);
  const npz = await api.request('GET', `/jobs/${job.id}/weights?format=npz`);
  assert.equal(npz.status, 200);
  for (const member of Object.keys(unzipSync(npz.bytes))) assert.ok(!member.split('/').includes('..'), member);
  const refused = await upload('dots', Buffer.from(file));
  assert.deepEqual([refused.status, refused.json().code], [400, 'invalid-weights']);
});
