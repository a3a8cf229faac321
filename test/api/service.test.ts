import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { catalogue } from '../../src/contract/catalogue.js';
import { withApi } from './support.js';

const api = withApi();

test('every link of the root works', async () => {
  const { name, links } = (await api.request('GET', '/')).json<{ name: string; links: Record<string, string> }>();
  assert.equal(name, 'metadescent');
  for (const link of Object.values(links)) assert.equal((await api.request('GET', link)).status, 200, link);
});

test('the catalogue is the core’s', async () => {
  const answer = await api.request('GET', '/catalogue');
  assert.deepEqual(answer.json(), JSON.parse(JSON.stringify(catalogue)));
});

test('/openapi.yaml is the repository’s file', async () => {
  const answer = await api.request('GET', '/openapi.yaml');
  assert.equal(answer.headers.get('content-type'), 'application/yaml');
  assert.equal(answer.bytes.toString(), await readFile(new URL('../../../openapi.yaml', import.meta.url), 'utf8'));
});

test('the page under /docs loads nothing from other hosts', async () => {
  const page = await api.request('GET', '/docs');
  assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'self'/);
  const sources = [...page.bytes.toString().matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? '');
  assert(sources.length >= 5);
  for (const source of sources) {
    assert(source.startsWith('/docs/'), source);
    assert.equal((await api.request('GET', source)).status, 200, source);
  }
});

test('without Redis the process is up but not ready', async () => {
  assert.equal((await api.request('GET', '/readyz')).status, 200);
  await api.redis.stop();
  const paths = ['/readyz', '/jobs', '/jobs/j000000000000000000', '/jobs/j000000000000000000/events'];
  await Promise.all(
    paths.map(async (path) => {
      const answer = await api.request('GET', path);
      assert.deepEqual([answer.status, answer.json().code], [503, 'unavailable'], path);
    }),
  );
  assert.equal((await api.request('GET', '/healthz')).status, 200);
});
