import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parametersOf } from '../../../src/contract/problems.js';
import { rateAtStep } from '../../../src/contract/use.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { placeOf } from '../../../src/core/metatrain/curriculum.js';
import { Evolution } from '../../../src/core/metatrain/estimators/evolution/evolution.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose, RandomStream } from '../../../src/core/random/random.js';
import { loadDatasets } from '../../../src/data/datasets.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { Particle, pesEstimate } from '../../reference/pes.js';
import { nativeMissing } from '../../support/native.js';
import { mlpSpec } from '../../weights/samples.js';
import { functionsOf } from '../engines/reference.js';

/** Outer steps of PES on small perceptrons, against fp64: losses to 1e-6, the estimate to 1e-4 of its norm. */

const [unroll, pairs, sigma, seed] = [25, 2, 0.01, 1];
const optimizer = mlpSpec();
const horizon = 4 * unroll;
const cosine = {
  learningRate: 0.002,
  schedule: { name: 'cosine', warmup: 0.1, finalFraction: 0 },
  weightDecay: 0.5,
} as const;

/** @param inner how the optimizer is used; null: at its usual rate */
async function compare(engine: Engine, inner: typeof cosine | null): Promise<void> {
  const estimator = { name: 'pes', sigma, stagger: false };
  const spec = parseJobSpec({
    kind: 'metatrain',
    seed,
    problem: { name: 'perceptron', dataset: 'digits-8', hidden: [6], batch: 8 },
    optimizer,
    training: { unroll, horizon, functions: pairs, estimator, ...(inner && { inner }) },
    comparison: null,
  });
  assert.ok(spec.kind === 'metatrain');
  const rates = {
    at: (t: number) => (inner ? rateAtStep(inner, t, horizon) : 0.001),
    weightDecay: inner?.weightDecay ?? 0,
  };
  const datasets = await loadDatasets(spec.problem);
  const open = new Evolution({ spec, engine, datasets }, null);
  const phi = initialise(optimizer, spec.problem, seed);
  const shapes = parametersOf(spec.problem).map(({ shape }) => shape);
  const particles = Array.from({ length: pairs }, (_, i) => {
    const batch = sampleFunctions(spec.problem, seed, Purpose.training, i, 1, datasets);
    const [f] = functionsOf(batch);
    return [0, 1].map(() => new Particle(optimizer, shapes, f!, [...batch.start], rates));
  });
  const sums = particles.map(() => new Array<number>(phi.length).fill(0));
  for (let iteration = 0; iteration < 2; iteration++) {
    const found = await open.estimate(phi, placeOf(spec.training, iteration));
    const losses = particles.map((pair, i) => {
      const epsilon = new Float32Array(phi.length);
      new RandomStream(seed, Purpose.perturbations, iteration * pairs + i).fillNormal(epsilon, 0, sigma);
      sums[i] = sums[i]!.map((value, j) => value + epsilon[j]!);
      return pair.map((particle, sign) =>
        particle.advance([...phi.map((value, j) => value + (sign ? -epsilon[j]! : epsilon[j]!))], unroll),
      );
    });
    const means = losses[0]![0]!.map((_, t) => losses.flat().reduce((sum, own) => sum + own[t]!, 0) / (2 * pairs));
    const [ofLosses, ofEstimate] = [
      relativeError(found.points, means),
      relativeError(found.gradient, pesEstimate(losses, sums, sigma)),
    ];
    console.log(`${engine.info.engine}: losses ${ofLosses}, estimate ${ofEstimate}`);
    assert.ok(ofLosses < 1e-6, `losses: ${ofLosses}`);
    assert.ok(ofEstimate < 1e-4, `estimate: ${ofEstimate}`);
  }
  open.dispose();
}

describe('outer steps of PES agree with fp64', () => {
  for (const [use, inner] of [
    ['at the usual rate', null],
    ['with a cosine and weight decay', cosine],
  ] as const)
    for (const [name, backend] of [
      ['tfjs', 'wasm'],
      ['native', 'auto'],
    ] as const)
      it(`${use}, on the engine ${name}`, { skip: name === 'native' && nativeMissing() }, async () => {
        await compare(await selectEngine({ name, backend }), inner);
      });
});
