import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LearnedUse } from '../../src/contract/comparison.js';
import type { Measure } from '../../src/contract/measures.js';
import type { RuleSpec } from '../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import type { ComparisonResults } from '../../src/contract/results.js';
import type { CompareSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { createRun } from '../../src/core/run.js';
import { loadDatasets } from '../../src/data/datasets.js';
import { type Input, jobsOf } from '../../src/experiments/plan.js';
import { plans } from '../../src/experiments/plans.js';
import { decodeWeights } from '../../src/weights/weights.js';

const folder = fileURLToPath(new URL('../../../examples/optimizers/', import.meta.url));

interface Shipped {
  readonly file: string;
  readonly plan: string;
  readonly job: string;
  readonly steps: number;
  readonly functions: number;
  readonly atMost: number;
  readonly problem?: Input<ProblemSpec>;
  readonly learned?: Input<LearnedUse>;
  /** By default the sum. */
  readonly measure?: Measure;
  readonly baseline: Input<RuleSpec>;
}

/**
 * Shipped optimizers: the training that made each, the horizon of the comparison, and the baseline to beat; its problem and
 * use, if others than the training's. The limit of the measure is the value of the file's long comparison plus up to five
 * standard errors of one over so few functions.
 */
const shipped: readonly Shipped[] = [
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
    problem: { name: 'mnist' },
    baseline: { name: 'nag', learningRate: 1 },
  },
  {
    file: 'general.safetensors',
    ...{ plan: 'general', job: 'general', steps: 400, functions: 4, atMost: 0.15 },
    // Neither trained on, nor in the plan's suite.
    problem: { name: 'perceptron', dataset: 'digits-8', hidden: [48], activation: 'gelu', batch: 32 },
    learned: { learningRate: 0.01, schedule: { name: 'cosine' } },
    measure: 'tail',
    baseline: { name: 'adam', learningRate: 0.0316 },
  },
];

describe('the optimizers that ship', () => {
  it('are these, and no others', () => {
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.safetensors')),
      shipped.map(({ file }) => file).sort(),
    );
  });

  for (const one of shipped) {
    const { file, plan, job, steps, functions, atMost, problem, learned: use, measure = 'sum', baseline } = one;
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
        problem: problem ?? made.problem,
        optimizer: { job: 'shipped' },
        comparison: { functions, steps, baselines: [baseline], ...(use && { learned: use }), resamples: 100 },
      }) as CompareSpec;
      const run = await createRun({ spec, weights, datasets: await loadDatasets(spec.problem) });
      let results: ComparisonResults | null = null;
      for (let event = await run.next(); event !== null; event = await run.next())
        if (event.type === 'comparison') results = event.results;
      run.dispose();
      const [learned, rule] = results!.optimizers;
      assert.equal(learned!.label, use ? 'MLP 0.01, cosine' : 'LSTM');
      const [ours, theirs] = [learned!, rule!].map((optimizer) => Number(optimizer[measure].value)) as [number, number];
      assert.ok(ours < atMost, `${measure} ${ours}, at most ${atMost}`);
      assert.ok(ours < theirs, `${rule!.label}: ${theirs}`);
    });
  }
});
