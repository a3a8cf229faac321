import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { catalogue } from '../../src/contract/catalogue.js';
import type { MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { runToEnd } from '../e2e/processes.js';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec } from './command.js';

const isInstalled = (name: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

describe('help and checks', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
    await writeFile(join(cwd, 'small.yaml'), smallSpec);
  });
  after(() => folder.remove());

  const run = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await command(args, { cwd, env });
    assert.equal(code, 0, stderr);
    return stdout;
  };

  it('list every problem on one line, and the same as the API as JSON', async () => {
    const lines = (await run(['problems'])).split('\n');
    for (const { name } of catalogue.problems)
      assert.equal(lines.filter((line) => line.startsWith(`${name} `) && line.length > 40).length, 1, name);
    const { problems } = JSON.parse(await run(['problems', '--json']));
    assert.deepEqual(problems, JSON.parse(JSON.stringify(catalogue.problems)));
  });

  it('check a document without running it: its sizes, or its errors with their lines', async () => {
    const said = await run(['check', 'small.yaml']);
    assert.match(
      said,
      /^small\.yaml is a valid job document of kind metatrain:\n {2}problem +quadratic, 3 coordinates\n/,
    );
    assert.match(said, /memory +about [\d.]+ kB: unroll [\d.]+ /);
    const { spec, coordinates, weights, memory } = JSON.parse(await run(['check', 'small.yaml', '--json']));
    assert.deepEqual(spec, parseJobSpec(spec), 'the document is complete');
    const { functions } = (spec as MetatrainSpec).training;
    // Per coordinate: a gradient for each of 5 steps, h and c of 4 units in three places, and 4 more floats.
    assert.equal(memory.unroll, 4 * functions * 3 * (5 + 3 * 2 * 4 + 4));
    // A layer of 4 units on 2 inputs and its own 4 outputs, 4 gates each with a bias, then the output's 4 + 1.
    assert.deepEqual([coordinates, weights], [3, 4 * 4 * (2 + 4 + 1) + 5]);
    await writeFile(join(cwd, 'wrong.yaml'), smallSpec.replace('horizon: 15', 'horizon: 16'));
    const wrong = await command(['check', 'wrong.yaml'], { cwd });
    assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
    assert.match(wrong.stderr, /line \d+, \/training\/unroll: found 5, allowed: a divisor of the horizon, 16/);
  });

  it('report what is installed, and fail if something required is missing', async () => {
    const { ok, parts } = JSON.parse(await run(['doctor', '--json']));
    assert.equal(ok, true);
    const names = [
      'Node',
      'Redis',
      'native engine',
      'tfjs engine',
      'C++ compiler',
      'data folder',
      'digits',
      'dashboard',
    ];
    assert.deepEqual(
      parts.map(({ name }: { name: string }) => name),
      names,
    );
    for (const { name, found } of parts)
      if (/engine/.test(name)) assert.match(found, /; \d[\d,.]* meta-iterations\/s \(quadratic, /);
    const bare = await command(['doctor'], {
      cwd,
      env: { PATH: cwd, METADESCENT_ISA: 'none', METADESCENT_MNIST: cwd },
    });
    assert.equal(bare.code, 1, bare.stdout);
    assert.match(bare.stdout, /^ +MISSING +Redis +No redis-server or valkey-server was found.*: install one/m);
    assert.match(bare.stdout, /^ +absent +native engine +engine\.name: the native engine/m);
    assert.match(bare.stdout, /^ +ok +tfjs engine +wasm/m);
    assert.match(bare.stdout, /^ +absent +digits +.*METADESCENT_MNIST names, lacks/m);
    const away = await command(['doctor'], { cwd, env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    assert.equal(away.code, 1);
    assert.match(away.stdout, /^ +MISSING +Redis +The Redis that REDIS_URL names cannot be reached/m);
  });

  it('complete commands, options and files in bash', async () => {
    await writeFile(join(cwd, 'completion.bash'), await run(['completion', 'bash']));
    const complete = async (...words: string[]) => {
      const script = `source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _metadescent metadescent "\${!#}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = await runToEnd('bash', ['-c', script, 'bash', 'metadescent', ...words], cwd);
      return stdout.trim().split('\n');
    };
    assert.deepEqual(await complete('tr'), ['train']);
    assert.deepEqual(await complete('re'), ['reproduce', 'results', 'register']);
    assert.deepEqual(await complete('train', 'small.yaml', '--re'), ['--resume']);
    assert.deepEqual(await complete('train', 'sm'), [''], 'files are left to bash');
    for (const shell of ['zsh', 'fish'])
      if (isInstalled(shell)) {
        await writeFile(join(cwd, shell), await run(['completion', shell]));
        const { code, stderr } = await runToEnd(shell, ['-n', join(cwd, shell)], cwd);
        assert.equal(code, 0, stderr);
      }
  });
});
