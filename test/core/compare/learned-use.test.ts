import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { LearnedSpec } from '../../../src/contract/optimizers.js';
import { type ComparisonResults, ComparisonResults as ResultsSchema } from '../../../src/contract/results.js';
import { fromWire } from '../../../src/contract/schema.js';
import type { JobSpec } from '../../../src/contract/spec.js';
import { compile, parseJobSpec } from '../../../src/contract/validate.js';
import { Comparison } from '../../../src/core/compare/comparison.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import type { Learned } from '../../../src/core/optimise/learned-method.js';
import { rateOf, rowsOf } from '../../../src/figures/rows.js';
import { tunedFor } from '../../../src/figures/tuning.js';
import { flattenWeights } from '../../../src/weights/shapes.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { nativeMissing } from '../../support/native.js';
import { lstmSpec, randomWeights } from '../../weights/samples.js';

let engine: Engine;
before(async () => {
  engine = await selectEngine({ name: 'tfjs', backend: 'wasm' });
});

/** A network without a layer that maps the gradient to -α times itself: SGD, as a learned optimizer. */
const linear = (alpha: number): Learned => ({ spec: lstmSpec({ layers: [] }), phi: Float32Array.of(-alpha, 0) });

const specOf = (comparison: object) =>
  parseJobSpec({ kind: 'compare', optimizer: { job: 'any' }, seed: 5, problem: { name: 'simple' }, comparison });

/** On f = x² from x = 1. */
const compare = (comparison: object, learned: Learned) =>
  compareOn(engine, specOf({ functions: 2, steps, resamples: 100, baselines: [], ...comparison }), learned);

async function compareOn(engine: Engine, spec: JobSpec, learned: Learned): Promise<ComparisonResults> {
  const options = { spec, comparison: spec.comparison!, engine, datasets: {}, learned, pullTime: 100 };
  const run = new Comparison(options);
  for (;;) {
    const event = await run.next();
    if (event.type === 'comparison') return event.results;
  }
}

const steps = 6;

/** f(θ_t) of θ ← (1 - c_t) θ from 1. */
function curveOf(shrinks: (t: number) => number): number[] {
  let theta = 1;
  return Array.from({ length: steps + 1 }, (_, t) => {
    const loss = theta ** 2;
    theta *= 1 - shrinks(t);
    return loss;
  });
}

function near(actual: ComparisonResults['optimizers'][number]['curve']['mean'], expected: readonly number[]) {
  for (const [t, value] of actual.entries()) {
    const error = Math.abs(fromWire(value) - expected[t]!);
    assert.ok(error <= 1e-5 * expected[t]! + 1e-12, `step ${t}: ${value}, expected ${expected[t]}`);
  }
}

/** Half a cosine without warm-up. */
const cosine = (t: number) => (1 + Math.cos((Math.PI * t) / steps)) / 2;
const schedule = { name: 'cosine', warmup: 0 };

describe('how a comparison uses the learned optimizer', () => {
  it('at its usual rate unless told otherwise, with the same bits', async () => {
    const [usual, named] = [await compare({}, linear(0.1)), await compare({ learned: {} }, linear(0.1))];
    assert.deepEqual(named.optimizers[0]!.curve, usual.optimizers[0]!.curve);
    assert.deepEqual([usual.optimizers[0]!.label, usual.optimizers[0]!.use], ['LSTM', undefined]);
    assert.deepEqual(named.optimizers[0]!.use, { learningRate: 1, schedule: { name: 'constant' }, weightDecay: 0 });
  });

  it('multiplies its updates by the rate', async () => {
    const { optimizers } = await compare({ learned: { learningRate: 0.5 } }, linear(0.2));
    assert.equal(optimizers[0]!.label, 'LSTM 0.5');
    near(
      optimizers[0]!.curve.mean,
      curveOf(() => 0.2),
    );
  });

  it('shrinks θ by α λ θ too', async () => {
    const { optimizers } = await compare({ learned: { learningRate: 0.7, weightDecay: 0.5 } }, linear(0.1));
    near(
      optimizers[0]!.curve.mean,
      curveOf(() => 0.7 * (0.2 + 0.5)),
    );
  });

  it('follows a cosine, and so does a rule', async () => {
    const baselines = [{ name: 'sgd', learningRate: 0.3, schedule }];
    const { optimizers } = await compare({ baselines, learned: { schedule, learningRate: 3 } }, linear(0.1));
    assert.deepEqual(
      optimizers.map(({ label }) => label),
      ['LSTM 3, cosine', 'SGD 0.3, cosine'],
    );
    for (const { curve } of optimizers)
      near(
        curve.mean,
        curveOf((t) => 0.6 * cosine(t)),
      );
  });

  it('tunes its rate on the rules’ kind of grid, for the first measure', async () => {
    const tuning = { functions: 2, points: 5, ratio: 10 ** (1 / 4), measures: ['sum', 'final'] };
    const results = await compare(
      { learned: { learningRate: 'tuned' }, tuning, baselines: [{ name: 'sgd' }] },
      linear(0.1),
    );
    const check = compile(ResultsSchema);
    assert.ok(check(JSON.parse(JSON.stringify(results))), JSON.stringify(check.errors));
    const [learned] = results.optimizers as [ComparisonResults['optimizers'][number]];
    const { measures, grid } = learned.tuning!;
    assert.deepEqual(measures, ['sum']);
    // The grid 10^(e/4) around 1; the best of 0.2 r is nearest to 1, at r = 5.62.
    const best = grid.reduce((a, b) => (fromWire(a.score) <= fromWire(b.score) ? a : b));
    assert.equal(rateOf(learned), best.learningRate);
    assert.ok(Math.abs(best.learningRate - 10 ** 0.75) < 1e-9, `${best.learningRate}`);
    assert.match(learned.label, /^LSTM 5\.62 \(tuned\)$/);
    for (const measure of ['sum', 'final'] as const) assert.equal(rowsOf(results, measure)[0], learned);
    assert.deepEqual(
      tunedFor(results, 'sum')
        .map(({ series }) => series.learned)
        .sort(),
      [false, true],
    );
  });

  it('gives the same results on every engine', { skip: nativeMissing() }, async () => {
    const lstm = lstmSpec({ layers: [4], outputScale: 0.1 });
    const mixed: LearnedSpec = {
      name: 'groups',
      groups: [
        { name: 'first', parameters: ['x_0'], optimizer: lstm },
        { name: 'second', parameters: ['x_1'], optimizer: { name: 'sgd', learningRate: 0.1 } },
      ],
    };
    const native = await selectEngine({ name: 'native', backend: 'auto' });
    const withGradients = createNativeEngine(engine);
    const use = { learningRate: 0.7, weightDecay: 0.1, schedule: { name: 'cosine', warmup: 0.2, finalFraction: 0.1 } };
    for (const [optimizer, problem, fast] of [
      [lstm, { name: 'quadratic', dimension: 5 }, native],
      [lstm, { name: 'rastrigin', dimension: 5 }, withGradients],
      [mixed, { name: 'simple-multi' }, native],
    ] as const) {
      const comparison = { functions: 4, steps: 25, resamples: 100, baselines: [], learned: use };
      const spec = parseJobSpec({ kind: 'compare', optimizer: { job: 'any' }, seed: 5, problem, comparison });
      const phi = flattenWeights(randomWeights(optimizer, spec.problem, 7, 0.5));
      const curves = await Promise.all(
        [engine, fast].map(async (one) =>
          (await compareOn(one, spec, { spec: optimizer, phi })).optimizers[0]!.curve.mean.map(fromWire),
        ),
      );
      assert.ok(relativeError(curves[1]!, curves[0]!) < 1e-4, problem.name);
    }
  });

  it('refuses a schedule for a rule that needs none', () => {
    const baselines = [{ name: 'schedule-free-sgd', schedule }];
    assert.throws(() => specOf({ baselines }), /schedule/);
  });
});
