import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import { encodeWeights, toJson, toNpz } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';
import { sampleSpec, withApi } from './support.js';

const api = withApi();
const trained = sampleOptimizer(lstmSpec({ layers: [5, 3] }), 7);
const safetensors = Buffer.from(encodeWeights(trained));
const npz = Buffer.from(toNpz(trained));
const json = Buffer.from(toJson(trained));

/** A job with weights. */
async function trainedJob(): Promise<string> {
  const attempt = await api.begin();
  await api.jobs.artifacts.put(attempt.job, 'weights.safetensors', safetensors);
  await attempt.succeed();
  return attempt.job;
}

let job = '';

test('Accept or format chooses the format of weights', async () => {
  job = await trainedJob();
  const cases: [string, string | undefined, number, string?, Buffer?][] = [
    ['', undefined, 200, 'application/vnd.safetensors', safetensors],
    ['', '*/*', 200, 'application/vnd.safetensors', safetensors],
    ['', 'application/*', 200, 'application/vnd.safetensors', safetensors],
    ['', 'application/vnd.safetensors', 200, 'application/vnd.safetensors', safetensors],
    ['', 'application/octet-stream', 200, 'application/octet-stream', safetensors],
    ['', 'application/x-npz', 200, 'application/x-npz', npz],
    ['', 'application/npz', 200, 'application/npz', npz],
    ['', 'application/json', 200, 'application/json', json],
    ['', 'application/json;q=0.9, application/x-npz', 200, 'application/x-npz', npz],
    ['', 'text/html,application/xml;q=0.9,*/*;q=0.8', 200, 'application/vnd.safetensors', safetensors],
    ['', 'image/png', 406],
    ['', 'application/json;q=0', 406],
    ['?format=safetensors', 'application/json', 200, 'application/vnd.safetensors', safetensors],
    ['?format=npz', 'text/html', 200, 'application/x-npz', npz],
    ['?format=json', undefined, 200, 'application/json', json],
    ['?format=pickle', undefined, 400],
  ];
  for (const [query, accept, status, type, bytes] of cases) {
    const name = `weights${query}, Accept: ${accept}`;
    const answer = await api.request('GET', `/jobs/${job}/weights${query}`, { headers: accept ? { accept } : {} });
    assert.equal(answer.status, status, name);
    assert.equal(answer.headers.get('vary'), query === '?format=pickle' ? null : 'Accept', name);
    if (!type || !bytes) continue;
    assert.equal(answer.headers.get('content-type'), type, name);
    assert.deepEqual(answer.bytes, bytes, name);
    assert.match(
      answer.headers.get('content-disposition') ?? '',
      new RegExp(`^(attachment|inline); filename="${job}\\.(safetensors|npz|json)"$`),
    );
  }
  assert.deepEqual(Object.keys(unzipSync(npz)).length, trained.tensors.length + 1);
});

test('each format has its own ETag, and If-None-Match saves the bytes', async () => {
  const tags = new Set<string>();
  for (const format of ['safetensors', 'npz', 'json']) {
    const path = `/jobs/${job}/weights?format=${format}`;
    const etag = (await api.request('GET', path)).headers.get('etag') ?? '';
    assert.match(etag, /^"[^"]+"$/);
    tags.add(etag);
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const answer = await api.request('GET', path, { headers: { 'if-none-match': known } });
      assert.deepEqual([answer.status, answer.bytes.length, answer.headers.get('etag')], [304, 0, etag], known);
    }
    assert.equal((await api.request('GET', path, { headers: { 'if-none-match': '"other"' } })).status, 200);
  }
  assert.equal(tags.size, 3);
});

test('ranges of safetensors, for loaders that read the header first', async () => {
  const size = safetensors.length;
  const etag = (await api.request('HEAD', `/jobs/${job}/weights`)).headers.get('etag') ?? '';
  const cases: [Record<string, string>, number, number?, number?][] = [
    [{ range: 'bytes=0-7' }, 206, 0, 7],
    [{ range: 'bytes=8-' }, 206, 8, size - 1],
    [{ range: 'bytes=-16' }, 206, size - 16, size - 1],
    [{ range: `bytes=0-${size + 100}` }, 206, 0, size - 1],
    [{ range: `bytes=-${size + 100}` }, 206, 0, size - 1],
    [{ range: `bytes=${size}-` }, 416],
    [{ range: 'bytes=-0' }, 416],
    // Several ranges, other units, nonsense: the RFC lets a server send the whole file.
    [{ range: 'bytes=0-1,4-5' }, 200],
    [{ range: 'lines=0-1' }, 200],
    [{ range: 'bytes=5-2' }, 200],
    [{ range: 'bytes=0-7', 'if-range': etag }, 206, 0, 7],
    [{ range: 'bytes=0-7', 'if-range': '"older"' }, 200],
    [{ range: 'bytes=0-7', accept: 'application/json' }, 200],
  ];
  for (const [headers, status, start, end] of cases) {
    const answer = await api.request('GET', `/jobs/${job}/weights`, { headers });
    const name = JSON.stringify(headers);
    assert.equal(answer.status, status, name);
    if (status === 416) assert.equal(answer.headers.get('content-range'), `bytes */${size}`, name);
    if (start === undefined || end === undefined) continue;
    assert.equal(answer.headers.get('content-range'), `bytes ${start}-${end}/${size}`, name);
    assert.deepEqual(answer.bytes, safetensors.subarray(start, end + 1), name);
  }
});

test('HEAD has the size and no body', async () => {
  const answer = await api.request('HEAD', `/jobs/${job}/weights`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-length'), String(safetensors.length));
  assert.equal(answer.bytes.length, 0);
});

test('files that are not made yet, and files that never will be', async () => {
  const attempt = await api.begin(sampleSpec({ comparison: null }));
  const code = async (path: string) => (await api.request('GET', `/jobs/${attempt.job}${path}`)).json().code;
  assert.equal(await code('/weights'), 'not-ready');
  assert.equal(await code('/results'), 'not-found');
  await attempt.fail({ code: 'internal', message: 'It broke.' });
  assert.equal(await code('/weights'), 'not-found');

  const comparing = await api.begin({ ...sampleSpec(), kind: 'metatrain' });
  const results = await api.request('GET', `/jobs/${comparing.job}/results`);
  assert.deepEqual([results.status, results.json().code], [409, 'not-ready']);
  await comparing.succeed();
});

test('a job that compares makes no weights', async () => {
  const { problem, comparison } = sampleSpec();
  const attempt = await api.begin({ kind: 'compare', problem, comparison, optimizer: { job } });
  const answer = await api.request('GET', `/jobs/${attempt.job}/weights`);
  assert.deepEqual([answer.status, answer.json().code], [404, 'not-found']);
  await attempt.succeed();
});

test('artifacts: the list, and each file', async () => {
  const attempt = await api.begin();
  const path = `/jobs/${attempt.job}/artifacts`;
  assert.deepEqual((await api.request('GET', path)).json(), { artifacts: [] });
  const files: Record<string, Buffer> = {
    'losses.f32': Buffer.alloc(1000, 7),
    'results.json': Buffer.from('{"a":1}\n'),
    'weights.safetensors': safetensors,
    [`${'x'.repeat(127)}y`]: Buffer.alloc(0),
  };
  for (const [name, bytes] of Object.entries(files)) await api.jobs.artifacts.put(attempt.job, name, bytes);
  const { artifacts } = (await api.request('GET', path)).json<{
    artifacts: { name: string; size: number; etag: string }[];
  }>();
  assert.deepEqual(
    artifacts.map(({ name, size }) => [name, size]),
    Object.entries(files).map(([name, { length }]) => [name, length]),
  );
  for (const { name, etag } of artifacts) {
    const answer = await api.request('GET', `${path}/${name}`);
    assert.equal(answer.status, 200, name);
    assert.deepEqual(answer.bytes, files[name], name);
    assert.equal(answer.headers.get('etag'), `"${etag}"`);
  }
  const part = await api.request('GET', `${path}/losses.f32`, { headers: { range: 'bytes=10-19' } });
  assert.deepEqual([part.status, part.bytes.length], [206, 10]);
  assert.equal((await api.request('GET', `${path}/results.json`)).headers.get('content-type'), 'application/json');
  for (const name of ['nothing', '.hidden', '..', '..%2f..%2fsecret', '%00', 'a b'])
    assert.equal((await api.request('GET', `${path}/${name}`)).status, 404, name);
  await attempt.succeed();
});
