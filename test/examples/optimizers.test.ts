import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ComparisonResults } from '../../src/contract/results.js';
import type { CompareSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { createRun } from '../../src/core/run.js';
import { loadDatasets } from '../../src/data/datasets.js';
import { jobsOf } from '../../src/experiments/plan.js';
import { plans } from '../../src/experiments/plans.js';
import { decodeWeights } from '../../src/weights/weights.js';

const folder = fileURLToPath(new URL('../../../examples/optimizers/', import.meta.url));

/**
 * Shipped optimizers: the training that made each, the horizon of the comparison, and the baseline to beat. The limit of
 * the sum is the value of the file's long comparison plus five standard errors of one over so few functions.
 */
const shipped = [
  {
    file: 'seed.safetensors',
    ...{ plan: 'seed', job: 'parabola', steps: 20, functions: 4000, atMost: 4.02 },
    baseline: { name: 'sgd', learningRate: 0.316 },
  },
  {
    file: 'quadratic-uniform.safetensors',
    ...{ plan: 'quadratic', job: 'uniform', steps: 100, functions: 2000, atMost: 16.8 },
    baseline: { name: 'nag', learningRate: 0.0075 },
  },
  {
    file: 'quadratic-normal.safetensors',
    ...{ plan: 'quadratic', job: 'normal', steps: 100, functions: 2000, atMost: 68.4 },
    baseline: { name: 'nag', learningRate: 0.0075 },
  },
  {
    file: 'mnist.safetensors',
    ...{ plan: 'mnist', job: 'mlp', steps: 100, functions: 6, atMost: 41.5 },
    baseline: { name: 'nag', learningRate: 1 },
  },
] as const;

describe('the optimizers that ship', () => {
  it('are these, and no others', () => {
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.safetensors')),
      shipped.map(({ file }) => file).sort(),
    );
  });

  for (const { file, plan, job, steps, functions, atMost, baseline } of shipped) {
    it(`${file} is what "reproduce ${plan}" trains, and beats ${baseline.name} on fresh functions`, async () => {
      const weights = await readFile(`${folder}${file}`);
      const { provenance, spec: optimizer } = decodeWeights(weights);
      const made = jobsOf(plans.get(plan)!, 'standard').find(({ name }) => name === job)!.spec;
      assert.ok(made.kind === 'metatrain');
      // The file does not list options that were added after the training.
      const known = Object.fromEntries(Object.entries(made.training).filter(([name]) => name in provenance.training!));
      assert.deepEqual(provenance.training, known);
      assert.deepEqual([provenance.problem, optimizer, provenance.seed], [made.problem, made.optimizer, made.seed]);

      const spec = parseJobSpec({
        kind: 'compare',
        seed: 7,
        problem: plan === 'mnist' ? { name: 'mnist' } : made.problem,
        optimizer: { job: 'shipped' },
        comparison: { functions, steps, baselines: [baseline], resamples: 100 },
      }) as CompareSpec;
      const run = await createRun({ spec, weights, datasets: await loadDatasets(spec.problem) });
      let results: ComparisonResults | null = null;
      for (let event = await run.next(); event !== null; event = await run.next())
        if (event.type === 'comparison') results = event.results;
      run.dispose();
      const [learned, rule] = results!.optimizers;
      assert.equal(learned!.label, 'LSTM');
      assert.ok(Number(learned!.sum.value) < atMost, `sum ${learned!.sum.value}, at most ${atMost}`);
      assert.ok(Number(learned!.sum.value) < Number(rule!.sum.value), `${rule!.label}: ${rule!.sum.value}`);
    });
  }
});
