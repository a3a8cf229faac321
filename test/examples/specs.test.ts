import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSpecFile, specOf } from '../../src/cli/spec-file.js';
import { mlpSpec } from '../weights/samples.js';

const folder = fileURLToPath(new URL('../../../examples/specs/', import.meta.url));
const names = readdirSync(folder);

describe('the example specs', () => {
  for (const name of names) {
    it(`${name} is a valid document with a comment and a title`, async () => {
      assert.match(readFileSync(folder + name, 'utf8'), /^# /);
      const spec = specOf(await readSpecFile(folder + name));
      assert.ok(spec.title);
    });
  }

  it('show both kinds of job, every problem of the paper, and composite problems', async () => {
    const specs = await Promise.all(names.map(async (name) => specOf(await readSpecFile(folder + name))));
    assert.deepEqual(new Set(specs.map((spec) => spec.kind)), new Set(['metatrain', 'compare']));
    assert.deepEqual(
      new Set(specs.map((spec) => spec.problem.name)),
      new Set([
        'cifar',
        'mnist',
        'noisy',
        'parabola',
        'perceptron',
        'quadratic',
        'rastrigin',
        'shapes',
        'simple',
        'simple-multi',
      ]),
    );
  });

  it('have the well-known MLPs under their names', async () => {
    for (const name of ['celo2-base', 'small-fc'] as const) {
      const spec = specOf(await readSpecFile(`${folder}${name}.yaml`));
      assert.ok(spec.kind === 'metatrain');
      assert.deepEqual(spec.optimizer, mlpSpec(name));
    }
  });

  it('have the seed example as published: 20 steps, 4,000 iterations at 1e-4, second derivatives dropped', async () => {
    const spec = specOf(await readSpecFile(`${folder}seed-paper.yaml`));
    assert.ok(spec.kind === 'metatrain');
    const { iterations, learningRate, secondDerivatives, clipNorm, horizon, unroll, functions } = spec.training;
    assert.deepEqual(
      { iterations, learningRate, secondDerivatives, clipNorm, horizon, unroll, functions },
      {
        iterations: 4000,
        learningRate: 1e-4,
        secondDerivatives: 'dropped',
        clipNorm: 1,
        horizon: 20,
        unroll: 20,
        functions: 1,
      },
    );
  });
});
