import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';
import { controlC, Terminal } from './terminal.js';

describe('the files that commands leave in a folder', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
    await writeFile(join(cwd, 'small.yaml'), smallSpec);
    await writeFile(join(cwd, 'other.yaml'), smallSpec.replace('seed: 3', 'seed: 4'));
    await writeFile(join(cwd, 'long.yaml'), smallSpec.replace('iterations: 200', 'iterations: 1000000'));
    for (const name of ['small', 'other']) await run('train', `${name}.yaml`);
  });
  after(() => folder.remove());

  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await command(args, { cwd });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const refused = async (...args: string[]) => {
    const { code, stderr } = await command(args, { cwd });
    assert.equal(code, 2, stderr);
    return stderr;
  };
  /** Every file below a folder, with its content. */
  const contents = async (path: string): Promise<Record<string, string>> => {
    const entries = await readdir(join(cwd, path), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(file, 'latin1')])));
  };
  const weightsOf = (name: string) => join('runs', name, 'weights.safetensors');
  const few = ['--functions', '50', '--baselines', '{name: sgd, learningRate: 0.1}'];

  it('are not deleted by a comparison that did not make them, such as its own input', async () => {
    const before = await contents('runs/small');
    for (const extra of [[], ['--overwrite'], ['--resume']])
      assert.match(
        await refused('compare', weightsOf('small'), ...few, '-o', 'runs/small', ...extra),
        /^runs\/small holds a training, which a comparison does not replace: .*--out/,
      );
    await mkdir(join(cwd, 'bare'));
    await writeFile(join(cwd, 'bare/weights.safetensors'), await readFile(join(cwd, weightsOf('small'))));
    await refused('compare', 'bare/weights.safetensors', ...few, '-o', 'bare', '--overwrite');
    assert.deepEqual(await contents('runs/small'), before);
    assert.deepEqual(await readdir(join(cwd, 'bare')), ['weights.safetensors']);
  });

  it('belong to one comparison: another has its own folder, or reports what it would replace', async () => {
    await run('compare', weightsOf('small'), ...few);
    await run('compare', weightsOf('other'), ...few);
    await run('compare', weightsOf('other'), 'small.yaml', ...few);
    const names = ['other-compare', 'other-small-compare', 'small-compare'];
    assert.deepEqual((await readdir(join(cwd, 'runs'))).sort(), [...names, 'other', 'small'].sort());
    assert.deepEqual((await readdir(join(cwd, 'runs/small-compare'))).sort(), [
      'comparison.svg',
      'results.json',
      'run.json',
      'spec.json',
    ]);
    const before = await contents('runs/small-compare');
    const again = ['compare', weightsOf('small'), ...few, '--seed', '9'];
    assert.match(await refused(...again), /holds a run already: add --resume .* --overwrite .* --out/);
    assert.match(await refused(...again, '--resume'), /holds a run of another spec/);
    assert.deepEqual(await contents('runs/small-compare'), before);
    await run(...again, '--overwrite');
    assert.notDeepEqual(await contents('runs/small-compare'), before);
  });

  it('let an interrupted comparison resume to the same results', async () => {
    const args = ['compare', weightsOf('small'), 'small.yaml', '--functions', '20000', '--steps', '200'];
    await run(...args, '-o', 'whole');
    const { child, ended } = start([...args, '-o', 'parts', '--json'], { cwd });
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /a checkpoint is in parts; the same command with --resume continues from it/);
    await run(...args, '-o', 'parts', '--resume');
    const results = (name: string) => readFile(join(cwd, name, 'results.json'), 'utf8');
    assert.equal(await results('parts'), await results('whole'));
    assert.match((await command([...args, '-o', 'parts', '--resume'], { cwd })).stderr, /is complete/);
  });

  it('are not appended to by a training that finds rows without a run', async () => {
    await mkdir(join(cwd, 'rows'));
    await writeFile(join(cwd, 'rows/losses.csv'), 'mine\n');
    for (const extra of [[], ['--resume']])
      assert.match(
        await refused('train', 'small.yaml', '-o', 'rows', ...extra),
        /rows holds losses\.csv, but no run: /,
      );
    assert.equal(await readFile(join(cwd, 'rows/losses.csv'), 'utf8'), 'mine\n');
    await run('train', 'small.yaml', '-o', 'rows', '--overwrite');
    const rows = (name: string) => readFile(join(cwd, name, 'losses.csv'), 'utf8');
    assert.equal(await rows('rows'), await rows('runs/small'));
  });

  it('are not touched by a reproduction that did not make them', async () => {
    await run('train', 'small.yaml', '-o', 'mine/parabola');
    const reproduction = ['reproduce', 'seed', '--budget', 'quick', '-o', 'mine'];
    const before = await contents('mine');
    for (const extra of [[], ['--overwrite']])
      assert.match(
        await refused(...reproduction, ...extra),
        /mine\/parabola holds a run that is not part of a reproduction/,
      );
    assert.deepEqual(await contents('mine'), before);
  });

  it('give a resumed run its total', async () => {
    const { child, ended } = start(['train', 'long.yaml', '-o', 'long', '--json'], { cwd });
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
    const resumed = new Terminal(['train', 'long.yaml', '-o', 'long', '--resume'], cwd);
    await resumed.until(/Training .* [\d,]+\/1,000,000 · [\d.,]+\/s · \S+ \S+ left/);
    resumed.type(controlC);
    assert.equal(await resumed.ended, 130);
  });
});
