import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { command, start } from '../cli/command.js';
import { createTemporaryFolder } from '../support/redis.js';

const example = fileURLToPath(new URL('../../../examples/plugin-styblinski-tang.mjs', import.meta.url));

const specFor = (problem: string, secondDerivatives: string) => `
kind: metatrain
problem: ${problem}
optimizer: { name: lstm, layers: [4] }
training:
  iterations: 20
  horizon: 5
  unroll: 5
  secondDerivatives: ${secondDerivatives}
  validation: { every: 10, functions: 8 }
comparison: { functions: 16, steps: 5, baselines: [{ name: sgd }], tuning: { functions: 8, points: 3 }, resamples: 100 }
`;

describe('a service with plugins', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: ReturnType<typeof start>;
  let url: string;
  let options: { cwd: string; env: Record<string, string> };
  before(async () => {
    folder = await createTemporaryFolder();
    // The same functions under another name, without a Hessian product.
    const text = (await readFile(example, 'utf8')).replace("'styblinski-tang'", "'first-only'");
    await writeFile(join(folder.path, 'first-only.mjs'), text.replace('hessianProduct(', 'unused('));
    const flags = ['--plugin', example, '--plugin', 'first-only.mjs'];
    server = start(['serve', '--port', '0', '--log-level', 'warn', ...flags], { cwd: folder.path });
    [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
    options = { cwd: folder.path, env: { METADESCENT_URL: url } };
    const problem = '{ name: styblinski-tang, dimension: 3 }';
    await writeFile(join(folder.path, 'exact.yaml'), specFor(problem, 'exact'));
    await writeFile(join(folder.path, 'first-exact.yaml'), specFor('{ name: first-only }', 'exact'));
    const within = '{ name: rescaled, range: 0.5, problem: { name: first-only } }';
    await writeFile(join(folder.path, 'within.yaml'), specFor(within, 'dropped'));
    await writeFile(join(folder.path, 'wrong.yaml'), specFor('{ name: first-only, dimension: 0 }', 'dropped'));
  });
  after(async () => {
    server.child.kill('SIGINT');
    await server.ended;
    await folder.remove();
  });

  it('lists them in its catalogue and describes them in its OpenAPI document', async () => {
    const catalogue = (await (await fetch(`${url}/catalogue`)).json()) as {
      problems: { name: string; defaults: object; schema: { properties: object } }[];
    };
    const entry = catalogue.problems.find(({ name }) => name === 'styblinski-tang');
    assert.deepEqual(entry?.defaults, { name: 'styblinski-tang', dimension: 4 });
    assert.ok(catalogue.problems.some(({ name }) => name === 'first-only'));
    assert.match(await (await fetch(`${url}/openapi.yaml`)).text(), /ProblemSpecStyblinskiTang:/);
  });

  it('trains on them for a client without the plugins', async () => {
    for (const [file, engine] of [
      ['exact.yaml', /"engine":"tfjs"/],
      ['within.yaml', /"engine":"(native|tfjs)"/],
    ] as const) {
      const { code, stdout, stderr } = await command(['submit', file, '--watch', '--json'], options);
      assert.equal(code, 0, stderr);
      assert.match(stdout, engine);
      assert.match(stdout, /"state":"succeeded"/);
    }
  });

  it('refuses fields that they do not allow, and exact derivatives without a Hessian product', async () => {
    const refused = async (file: string) => {
      const { code, stderr } = await command(['submit', file], options);
      assert.equal(code, 2, stderr);
      return stderr;
    };
    assert.match(
      await refused('first-exact.yaml'),
      /secondDerivatives: found "exact", allowed: "dropped": .*"first-only" has no Hessian/,
    );
    assert.match(await refused('wrong.yaml'), /\/problem\/dimension: found 0, allowed: an integer at least 1/);
  });

  it('agrees with local commands that have the same option; without it they do not know the problem', async () => {
    const trained = await command(['train', 'exact.yaml', '-o', 'local', '--plugin', example], options);
    assert.equal(trained.code, 0, trained.stderr);
    const weights = join('local', 'weights.safetensors');
    const compared = await command(['compare', weights, '--plugin', example, '--functions', '16'], options);
    assert.equal(compared.code, 0, compared.stderr);
    const without = await command(['train', 'exact.yaml', '-o', 'without'], options);
    assert.equal(without.code, 2);
    assert.match(without.stderr, /line 3, \/problem\/name: found "styblinski-tang", allowed: "parabola"/);
    const missing = await command(['train', 'exact.yaml', '--plugin', 'nothing.mjs'], options);
    assert.equal(missing.code, 2);
    assert.equal(missing.stderr, '--plugin nothing.mjs: there is no such file.\n');
  });
});
