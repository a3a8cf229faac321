import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildApp } from '../../src/api/app.js';
import { withApi } from './support.js';

const api = withApi();
const built = fileURLToPath(new URL('../../dashboard/', import.meta.url));

/** An entry of Vite's manifest. */
interface Chunk {
  file: string;
  css?: string[];
  imports?: string[];
}
async function manifest(): Promise<Record<string, Chunk>> {
  return JSON.parse(await readFile(join(built, 'manifest.json'), 'utf8'));
}

/** What the browser's navigation sends. */
const html = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8' };

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

describe('the dashboard', () => {
  it('is where / leads a browser, and nobody else', async () => {
    const page = await api.request('GET', '/', { headers: html });
    assert.deepEqual([page.status, page.headers.get('location')], [302, '/ui/']);
    assert.equal(page.headers.get('vary'), 'accept');
    for (const accept of ['*/*', 'application/json', 'application/json, text/plain, */*', 'text/html;q=0.5, */*']) {
      const answer = await api.request('GET', '/', { headers: { accept } });
      assert.deepEqual([answer.status, answer.json().name], [200, 'metadescent'], accept);
    }
  });

  it('has one page for each of its addresses, under its policy', async () => {
    const index = await readFile(join(built, 'index.html'));
    for (const path of [
      '/ui/',
      '/ui/new?from=j0&example=seed',
      '/ui/jobs/j000000000000000000',
      '/ui/jobs/j000000000000000000/comparison',
      '/ui/side-by-side?jobs=a,b',
      '/ui/optimizers/seed',
      '/ui/nothing-here',
    ]) {
      const answer = await api.request('GET', path, { headers: html });
      assert.equal(answer.status, 200, path);
      assert.deepEqual(answer.bytes, index, path);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
      assert.equal(answer.headers.get('content-security-policy'), policy);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('cache-control'), 'no-cache');
    }
    const bare = await api.request('GET', '/ui', { headers: html });
    assert.deepEqual([bare.status, bare.headers.get('location')], [308, '/ui/']);
  });

  it('has nothing inline and nothing of other hosts in its page', async () => {
    const page = await readFile(join(built, 'index.html'), 'utf8');
    for (const [, attributes, content] of page.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)) {
      assert.equal(content, '');
      assert.match(attributes!, / src="\/ui\/assets\//);
    }
    assert.doesNotMatch(page, /<style| style=| on\w+=/);
    const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    assert(addresses.length >= 3);
    for (const address of addresses) {
      assert(address.startsWith('/ui/'), address);
      assert.equal((await api.request('GET', address)).status, 200, address);
    }
  });

  it('has no script that its policy would refuse, such as Ajv, which writes functions as text', async () => {
    const scripts = Object.values(await manifest()).filter(({ file }) => file.endsWith('.js'));
    assert(scripts.length >= 7);
    for (const { file } of scripts)
      assert.doesNotMatch(await readFile(join(built, file), 'utf8'), /new Function\b|\beval\(/, file);
  });

  it('sends files whose names are hashes to be kept for good', async () => {
    for (const { file } of Object.values(await manifest())) {
      const answer = await api.request('GET', `/ui/${file}`, { headers: { 'accept-encoding': 'identity' } });
      assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable', file);
      assert.match(answer.headers.get('content-type') ?? '', file.endsWith('.css') ? /^text\/css/ : /javascript/);
      assert.deepEqual(answer.bytes, await readFile(join(built, file)));
      for (const encoding of ['br', 'gzip']) {
        const packed = await api.request('GET', `/ui/${file}`, { headers: { 'accept-encoding': encoding } });
        assert.equal(packed.headers.get('content-encoding'), encoding);
        assert.deepEqual(packed.bytes, answer.bytes);
      }
    }
  });

  it('answers HEAD as GET, without the body', async () => {
    for (const path of ['/ui/', '/ui/new', '/ui/icon.svg']) {
      const [head, get] = await Promise.all(
        ['HEAD', 'GET'].map((method) => api.request(method, path, { headers: { 'accept-encoding': 'identity' } })),
      );
      assert.deepEqual([head!.status, head!.bytes.length], [200, 0]);
      for (const name of ['content-length', 'content-type', 'etag', 'content-security-policy'])
        assert.equal(head!.headers.get(name), get!.headers.get(name), `${path} ${name}`);
    }
  });

  it('answers 304 to who has the file', async () => {
    const { etag } = (await api.app.inject({ url: '/ui/' })).headers;
    const again = await api.app.inject({ url: '/ui/', headers: { 'if-none-match': String(etag) } });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
  });

  it('answers problem documents for files that it lacks, and shows none from elsewhere', async () => {
    for (const path of [
      '/ui/assets/index-00000000.js',
      '/ui/assets/',
      '/ui/favicon.ico',
      '/ui/assets/../../../package.json',
      '/ui/assets/..%2f..%2f..%2fpackage.json',
      '/ui/assets/%00.js',
    ]) {
      const answer = await api.request('GET', path);
      assert(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, path);
      assert.notEqual(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    }
    const post = await api.request('POST', '/ui/');
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
  });

  it('says how to build it where that was not done', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metadescent-dashboard-'));
    const app = await buildApp({ jobs: api.jobs, dashboard: folder });
    try {
      for (const url of ['/ui/', '/ui/jobs/j0', '/ui/icon.svg']) {
        const answer = await app.inject({ url });
        assert.equal(answer.statusCode, 404);
        assert.match(answer.json().detail, /npm run setup/);
      }
      assert.equal((await app.inject({ url: '/jobs' })).statusCode, 200);
    } finally {
      await app.close();
      await rm(folder, { recursive: true });
    }
  });

  it('loads at most 150 kB for its first page, compressed', async (t) => {
    const chunks = await manifest();
    const files = new Set<string>();
    const load = (key: string) => {
      const { file, css = [], imports = [] } = chunks[key]!;
      if (files.has(file)) return;
      for (const each of [file, ...css]) files.add(each);
      for (const each of imports) load(each);
    };
    load('index.html');
    load('pages/jobs/jobs-page.tsx');
    let total = 0;
    for (const file of files) {
      const size = gzipSync(await readFile(join(built, file))).length;
      total += size;
      t.diagnostic(`${file}: ${(size / 1000).toFixed(1)} kB`);
    }
    t.diagnostic(`in all: ${(total / 1000).toFixed(1)} kB`);
    assert(files.size >= 3, 'the page, its style and the list of jobs');
    assert(total <= 150_000, `${total} bytes`);
  });
});
