import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../e2e/processes.js';
import { chromiumMissing, launchChromium, openPage } from '../support/chromium.js';

const file = 'examples/optimizers/general.safetensors';
/** The line is y = 3 x - 1. */
const found = /^w (2\.9[5-9]|3\.0[0-5]), b -(0\.9[5-9]|1\.0[0-5])$/;

describe('the snippet of docs/use-in-javascript.md', () => {
  let snippet: string;
  before(async () => {
    const text = await readFile(join(root, 'docs/use-in-javascript.md'), 'utf8');
    const snippets = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, snippet]) => snippet!);
    assert.equal(snippets.length, 1);
    snippet = snippets[0]!;
  });

  it('fits a line in Node', async () => {
    const bytes = `import { readFileSync } from 'node:fs'; const bytes = readFileSync('${file}');`;
    const args = ['--input-type=module', '--eval', `${bytes}\n${snippet}`];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    assert.match(stdout.trim(), found);
  });

  it('fits a line on a page without a bundler', { skip: chromiumMissing() }, async () => {
    const server = createServer(async (request, response) => {
      const path = decodeURI(request.url!);
      if (path === '/') {
        const bytes = `const bytes = new Uint8Array(await (await fetch('/${file}')).arrayBuffer());`;
        const map = { imports: { 'metadescent/apply': '/metadescent/apply/apply.js' } };
        response.setHeader('content-type', 'text/html; charset=utf-8');
        response.end(
          `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify(map)}</script>` +
            `<script type="module">${bytes}\n${snippet}</script>`,
        );
        return;
      }
      if (path.endsWith('.js')) response.setHeader('content-type', 'text/javascript');
      const place = path.startsWith('/metadescent/') ? path.replace('/metadescent/', 'dist/src/') : path;
      response.end(await readFile(join(root, place)));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const browser = await launchChromium();
    try {
      const { page, complaints, close } = await openPage(browser, { baseURL: url });
      const said = page.waitForEvent('console');
      await page.goto('/');
      assert.match((await said).text(), found);
      assert.deepEqual(
        complaints.filter((line) => !line.startsWith('log: ')),
        [],
      );
      await close();
    } finally {
      await browser.close();
      server.close();
    }
  });
});

it('the snippet of docs/use-in-tensorflow-js.md trains a model', async () => {
  const text = await readFile(join(root, 'docs/use-in-tensorflow-js.md'), 'utf8');
  const [, snippet] = /```js\n(.*?)```/s.exec(text)!;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', snippet!], {
    cwd: root,
  });
  const [, first, last] = /^loss (\d\.\d+), at the end (\d\.\d+)$/m.exec(stdout)!;
  assert.ok(Number(first) > 0.5 && Number(last) < 0.2, stdout);
});
