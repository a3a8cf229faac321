import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, startServe } from '../e2e/processes.js';
import { chromiumMissing, launchChromium, openPage } from '../support/chromium.js';
import { createTemporaryFolder } from '../support/redis.js';

test('the snippets of docs/service-from-a-browser.md run in Chromium', { skip: chromiumMissing() }, async () => {
  const text = await readFile(join(root, 'docs/service-from-a-browser.md'), 'utf8');
  const snippets = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, snippet]) => snippet!);
  assert(snippets.length >= 4, `${snippets.length} snippets`);
  const folder = await createTemporaryFolder();
  const service = await startServe(join(folder.path, 'data'));
  const browser = await launchChromium();
  try {
    const { page, complaints, close } = await openPage(browser, { baseURL: service.url });
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto('/ui/');
    const deleted = page.waitForEvent('console', (message) => message.text().endsWith('was deleted'));
    // One function, since in the console later snippets see the constants of earlier ones. The first message comes at once.
    await page.evaluate(`(async () => {${snippets.join('\n')}
      await new Promise((resolve) => changes.addEventListener('jobs', resolve, { once: true }));
      await fetch('/jobs/' + job.id, { method: 'DELETE' });
    })()`);
    await deleted;
    const output = said.join('\n');
    assert.match(output, /^job j\S+$/m);
    assert.match(output, /^loss \d+ \d/m);
    assert.match(output, /^validation 300 \d\S* (true|false)$/m);
    assert.match(output, /^comparison \d+ of \d+$/m);
    assert.match(output, /^state succeeded$/m);
    assert.match(output, /^6000 losses$/m);
    assert.match(output, /^\d+ means over 4 meta-iterations each$/m);
    assert.match(output, /^LSTM \d/m);
    assert.match(output, /^j\S+ parabola succeeded$/m);
    assert.match(output, /^j\S+ was deleted$/m);
    assert.deepEqual(
      complaints.filter((line) => !line.startsWith('log: ')),
      [],
    );
    await close();
  } finally {
    await browser.close();
    assert.equal(await service.stop(), 0);
    await folder.remove();
  }
});
