import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startServe } from '../e2e/processes.js';
import { findPython, root } from '../weights/python-environment.js';
import { frameworkPython, lacks, pythonPath } from './python.js';

const run = promisify(execFile);
const { python, missing } = await findPython();

describe('the Python package', () => {
  const suites = [
    ['test_numpy', python, missing],
    ['test_optax', python, missing || lacks(python, 'optax')],
    ['test_torch', ...frameworkPython('torch')],
    ['test_keras', ...frameworkPython('keras')],
  ] as const;
  for (const [suite, program, absent] of suites)
    it(suite, { skip: absent }, async () => {
      const { stderr } = await run(program, ['-m', 'unittest', suite], {
        cwd: join(root, 'python/tests'),
        env: pythonPath,
      });
      assert.match(stderr, /^Ran [1-9]\d* tests.*\n\nOK$/m);
    });

  const chapters = [
    ['PyTorch', /^loss 0\.0\d\d$/, ...frameworkPython('torch')],
    ['Keras', /^loss 0\.[01]\d\d$/, ...frameworkPython('keras')],
    ['JAX, with Optax', /^loss 0\.000\d*$/, python, missing || lacks(python, 'optax')],
    ['NumPy', /^loss 0\.000\d*$/, python, missing],
  ] as const;
  for (const [title, expected, program, absent] of chapters)
    it(`runs the snippet of docs/use-in-python.md: ${title}`, { skip: absent }, async () => {
      const text = await readFile(join(root, 'docs/use-in-python.md'), 'utf8');
      const [, snippet] = /```python\n(.*?)```/s.exec(text.slice(text.indexOf(`\n## ${title}\n`)))!;
      const { stdout } = await run(program, ['-c', snippet!], { env: pythonPath });
      assert.match(stdout.trim(), expected);
    });

  it('takes an optimizer from a service', { skip: missing }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metadescent-served-'));
    const service = await startServe(join(folder, 'data'));
    try {
      const body = await readFile(join(root, 'examples/optimizers/general.safetensors'));
      const headers = { 'content-type': 'application/vnd.safetensors' };
      const { status } = await fetch(`${service.url}/optimizers?name=mine`, { method: 'POST', body, headers });
      assert.equal(status, 201);
      const program = `import metadescent as m; print(m.load("${service.url}/optimizers/mine/1").trained.sha256 == m.load("general").trained.sha256)`;
      const { stdout } = await run(python, ['-c', program], { env: pythonPath });
      assert.equal(stdout.trim(), 'True');
      const missed = run(python, ['-c', program.replace('mine/1', 'mine/9')], { env: pythonPath });
      await assert.rejects(missed, /WeightsError: .*mine\/9\/weights cannot be had: HTTP Error 404/);
    } finally {
      await service.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is a pure wheel, which a fresh environment installs and runs', { skip: missing }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metadescent-wheel-'));
    try {
      const quiet = ['--quiet', '--disable-pip-version-check'];
      await run(python, ['-m', 'pip', 'wheel', ...quiet, '--no-deps', '--wheel-dir', folder, join(root, 'python')]);
      const [wheel] = await readdir(folder);
      assert.equal(wheel, 'metadescent-0.1.0-py3-none-any.whl');
      const fresh = join(folder, 'venv');
      await run('python3', ['-m', 'venv', fresh]);
      const own = join(fresh, 'bin/python');
      await run(own, ['-m', 'pip', 'install', ...quiet, '--only-binary', ':all:', join(folder, wheel)]);
      const program =
        'import metadescent as m, numpy as np; o = m.load("general@1"); x = {"w": np.ones((3, 2), np.float32)};' +
        's = o.init(x); u, s = o.update(x, s, x); print(u["w"].shape, s.steps, m.shipped())';
      const { stdout } = await run(own, ['-c', program], { cwd: folder });
      assert.match(stdout, /^\(3, 2\) 1 \['general', 'mnist', /);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
