import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../cli/command.js';
import { root, runToEnd, startServe } from '../e2e/processes.js';
import { createTemporaryFolder } from '../support/redis.js';

// Slow: it trains with every default, as its reader does.
test('the commands of docs/tour.md lead from a document to a comparison', async () => {
  const page = await readFile(join(root, 'docs/tour.md'), 'utf8');
  const block = page.split('## Without a browser')[1]?.split('```sh\n')[1]?.split('```')[0] ?? '';
  assert.match(block, /metadescent init/);
  const folder = await createTemporaryFolder();
  const service = await startServe(join(folder.path, 'data'));
  try {
    const script = block
      .replaceAll('http://127.0.0.1:7878', service.url)
      .replaceAll('npx metadescent', `METADESCENT_URL=${service.url} '${process.execPath}' '${main}'`);
    const { code, stdout, stderr } = await runToEnd('bash', ['-euc', script], folder.path);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^job\.yaml is a valid job document of kind metatrain:/m);
    assert.match(stdout, /^ {2}service +accepts it/m);
    assert.match(stdout, /^j\S+: succeeded$/m);
    assert.match(stdout, /^quadratic: 20 steps, over 2,048 fresh functions/m);
    assert.match(stdout, /^mine@1$/m);
    assert.match(stdout, /^rosenbrock: 50 steps, over 200 fresh functions/m);
  } finally {
    assert.equal(await service.stop(), 0);
    await folder.remove();
  }
});
