import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeWeights } from '../../src/weights/weights.js';
import { root, runToEnd, startServe } from '../e2e/processes.js';
import { createTemporaryFolder } from '../support/redis.js';

const isMissing = process.env.CI === undefined && (await runToEnd('python3', ['--version']).catch(() => null)) === null;

test('the program of docs/service-from-python.md runs', { skip: isMissing && 'There is no python3.' }, async () => {
  const folder = await createTemporaryFolder();
  const service = await startServe(join(folder.path, 'data'));
  try {
    const page = await readFile(join(root, 'docs/service-from-python.md'), 'utf8');
    const snippets = [...page.matchAll(/```python\n([^`]*)```/g)].map(([, snippet]) => snippet!);
    assert(snippets.length >= 5, `${snippets.length} snippets`);
    const program = snippets.join('\n').replace('http://127.0.0.1:7878', service.url);
    await writeFile(join(folder.path, 'program.py'), program);
    const { code, stdout, stderr } = await runToEnd('python3', ['-X', 'utf8', 'program.py'], folder.path);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^memory: \d+ bytes; seconds: None$/m);
    assert.match(stdout, /^\/seed found -1 allowed: an integer at least 0/m);
    const id = /^job: (\S+)$/m.exec(stdout)?.[1];
    assert.match(stdout, /^meta-iteration \d+ mean loss \d/m);
    assert.match(stdout, /^validation 300 \d/m);
    assert.match(stdout, /^state: succeeded$/m);
    assert.match(stdout, /^6000 losses; the last: .*'299'.*'19'/m);
    if (!stdout.includes('without NumPy')) assert.match(stdout, /^mean sum of the last ten: \d/m);
    assert.match(stdout, /^LSTM \d/m);
    const response = await fetch(`${service.url}/jobs/${id}/weights`);
    const weights = await readFile(join(folder.path, 'weights.safetensors'));
    assert.deepEqual(weights, Buffer.from(await response.arrayBuffer()));
    assert.equal(decodeWeights(weights).provenance.iterations, 300);
  } finally {
    assert.equal(await service.stop(), 0);
    await folder.remove();
  }
});
