import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Datasets } from '../../../src/contract/datasets.js';
import type { RunEvent, RunEventOf } from '../../../src/contract/events.js';
import type { ShapesSpec } from '../../../src/contract/problems/shapes.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { optimise } from '../../../src/core/optimise/method.js';
import { ruleMethod } from '../../../src/core/optimise/rule-method.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { createRun } from '../../../src/core/run.js';
import { makeShapes } from '../../../src/data/shapes.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { gradient } from '../../reference/problems.js';
import { testSeed } from '../../weights/samples.js';
import { functionsOf } from '../engines/reference.js';

const seed = testSeed();
console.log(`seed ${seed}`);

const datasets: Datasets = { 'shapes-8': await makeShapes(8) };
const smallest: ShapesSpec = {
  name: 'shapes',
  side: 8,
  channels: [3, 2],
  kernel: 3,
  hidden: [4],
  batchNorm: true,
  batch: 5,
  classes: [0, 1, 2, 3, 4, 5, 6, 7],
};

/** "auto" is native if that is built. */
const engines = [
  { name: 'auto', backend: 'auto' },
  { name: 'tfjs', backend: 'wasm' },
] as const;

describe('the convolutional network', () => {
  for (const spec of engines)
    it(`shares the gradient among equal maxima, on images of one colour: ${JSON.stringify(spec)}`, async () => {
      const inputs = new Uint8Array(2 * 192).fill(200);
      const flat = { inputs, width: 192, labels: Uint8Array.of(0, 1) };
      const data = { 'shapes-8': { fingerprint: 'flat', training: flat, heldOut: flat } };
      const batch = sampleFunctions({ ...smallest, batchNorm: false }, seed, Purpose.training, 0, 1, data);
      const theta = batch.start.map((x) => 30 * x);
      const engine = await selectEngine(spec);
      const found = await (await engine.openFunctions(batch)).evaluate(theta, 0);
      const expected = gradient(functionsOf(batch)[0]!, [...theta], 0);
      // Values that are equal in fp64 are equal in fp32 too: they are the same sums in the same order.
      assert.ok(relativeError(found.gradient, expected) < 2e-5);
    });

  it('begins at N(0, 0.01²), offsets at 0, and its loss at the logarithm of the number of classes', async () => {
    const problem: ShapesSpec = { ...smallest, channels: [16, 16], hidden: [32], batch: 64, classes: [2, 3, 5, 7] };
    const batch = sampleFunctions(problem, seed, Purpose.training, 0, 1, datasets);
    const engine = await selectEngine(engines[0]);
    const { losses } = await (await engine.openFunctions(batch)).evaluate(batch.start, 0);
    assert.ok(Math.abs(losses[0]! - Math.log(4)) < 0.05, `${losses[0]}`);
    const [kernels, offsets] = [batch.start.subarray(0, 432), batch.start.subarray(448, 464)];
    const deviation = Math.sqrt(kernels.reduce((sum, x) => sum + x * x, 0) / 432);
    // The standard deviation of that of 432 draws is 0.01 / √864.
    assert.ok(Math.abs(deviation - 0.01) < (6 * 0.01) / Math.sqrt(864), `${deviation}`);
    assert.ok(offsets.every((x) => x === 0));
  });

  it('learns shapes: Adam halves the loss', async () => {
    const problem: ShapesSpec = { ...smallest, channels: [8, 8], hidden: [16], batch: 32, classes: [0, 5] };
    const engine = await selectEngine(engines[0]);
    const batch = sampleFunctions(problem, 1, Purpose.validation, 0, 1, datasets);
    const adam = { name: 'adam', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
    const losses = await optimise(engine, batch, ruleMethod(adam), 150);
    const last = losses.slice(-15).reduce((a, b) => a + b) / 15;
    assert.ok(last < 0.35, `from ${losses[0]} to ${last}`);
  });
});

describe('a run on shapes', () => {
  const document = (training: object, engine: object = {}) => ({
    kind: 'metatrain',
    engine,
    problem: { name: 'shapes', side: 8, channels: [2], kernel: 3, hidden: [3], batch: 8, classes: [0, 4, 6] },
    optimizer: { name: 'lstm', layers: [3], preprocess: { name: 'log-sign-deepmind' }, outputScale: 0.01 },
    training: { iterations: 5, horizon: 6, unroll: 3, validation: { every: 5, functions: 2 }, ...training },
    comparison: {
      functions: 2,
      steps: 4,
      baselines: [{ name: 'sgd' }],
      tuning: { functions: 2, points: 3 },
      resamples: 100,
    },
  });

  async function drive(engine: object, stop: number) {
    const spec = parseJobSpec(document({}, engine));
    let run = await createRun({ spec, datasets });
    const events: RunEvent[] = [];
    for (let event = await run.next(); event !== null; event = await run.next()) {
      events.push(event);
      if (events.length !== stop) continue;
      const checkpoint = await run.checkpoint();
      run.dispose();
      run = await createRun({ spec, datasets, checkpoint });
    }
    const weights = run.weights();
    run.dispose();
    return { events: events.filter(({ type }) => type !== 'progress'), weights };
  }

  for (const engine of engines)
    it(`stopped within a horizon is the run that was not, bit for bit: ${JSON.stringify(engine)}`, async () => {
      const [steady, stopped] = [await drive(engine, -1), await drive(engine, 5)];
      assert.deepEqual(stopped, steady);
      const first = steady.events.find((e): e is RunEventOf<'losses'> => e.type === 'losses');
      assert.ok(Math.abs(first!.points[0]! - Math.log(3)) < 0.05);
    });

  it('is refused before it starts if it asks for exact second derivatives', async () => {
    const asked = document({ secondDerivatives: 'exact' });
    assert.throws(
      () => parseJobSpec(asked),
      /secondDerivatives: found "exact", allowed: "dropped": the problem "shapes"/,
    );
    // Engines refuse it too.
    const given = parseJobSpec(document({}));
    assert.ok(given.kind === 'metatrain');
    const spec = { ...given, training: { ...given.training, secondDerivatives: 'exact' as const } };
    await assert.rejects(createRun({ spec, datasets }), {
      code: 'unsupported',
      message: /"exact" needs products with the Hessian, which the problem "shapes" does not have; use "dropped"/,
    });
  });
});
