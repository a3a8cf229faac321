import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ComparisonResults, type OptimizerResult } from '../../../src/contract/results.js';
import { compile, parseJobSpec } from '../../../src/contract/validate.js';
import { Comparison } from '../../../src/core/compare/comparison.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { lstmSpec } from '../../weights/samples.js';
import { addShifted } from './shifted.js';

before(addShifted);

/** The published results of the rules of a comparison on few functions, without the learned optimizer. */
async function tuned(problem: object, given: { tuning?: object; [field: string]: unknown }, seed = 1) {
  const tuning = { functions: 64, ...given.tuning };
  const document = { functions: 2, resamples: 100, ...given, tuning };
  const spec = parseJobSpec({ kind: 'compare', optimizer: { job: 'any' }, problem, seed, comparison: document });
  const engine = await selectEngine({ name: 'tfjs', backend: 'cpu' });
  const learned = { spec: lstmSpec({ layers: [] }), phi: Float32Array.of(-0.1, 0) };
  const comparison = spec.comparison!;
  const run = new Comparison({ spec, comparison, engine, datasets: {}, learned, pullTime: 100 });
  for (;;) {
    const event = await run.next();
    if (event.type !== 'comparison') continue;
    const results: ComparisonResults = JSON.parse(JSON.stringify(event.results));
    const check = compile(ComparisonResults);
    assert.ok(check(results), JSON.stringify(check.errors));
    return results.optimizers.slice(1);
  }
}

const rateOf = ({ rule }: OptimizerResult) => (rule as { learningRate: number }).learningRate;
const reasons = ({ tuning }: OptimizerResult) =>
  tuning!.notTuned?.map(({ parameter, reason }) => `${parameter}: ${reason}`);

describe('the tuned rate', () => {
  it('does not change with a constant that is added to all losses, nor with where the zero is', async () => {
    const baselines = ['sgd', 'momentum', 'nag', 'rmsprop', 'adagrad', 'adam', 'lion'].map((name) => ({ name }));
    const rates = async (shift: number) => {
      const optimizers = await tuned(
        { name: 'shifted', shift },
        // So few steps that the best final losses do not tie at the shift, to fp32's precision there.
        { steps: 2, baselines, tuning: { measures: ['sum', 'final'] } },
      );
      return optimizers.map((o) => [o.label, o.tuning!.measures, rateOf(o), o.tuning!.grid.map((g) => g.diverged)]);
    };
    const plain = await rates(0);
    assert.deepEqual(await rates(100), plain);
    assert.deepEqual(await rates(-100), plain);
  });

  for (const seed of [1, 7, 22])
    it(`is one that moves where the functions begin below 0, seed ${seed}`, async () => {
      const [sgd] = await tuned(
        { name: 'rastrigin', dimension: 1, alpha: 1000 },
        { steps: 20, baselines: [{ name: 'sgd' }], tuning: { functions: 1 } },
        seed,
      );
      assert.ok(rateOf(sgd!) > 1e-7, sgd!.label);
      assert.match(sgd!.label, /\(tuned\)$/);
    });

  it('is never one with a loss that is not finite on the way', async () => {
    const optimizers = await tuned(
      { name: 'shifted', nan: 'midway' },
      { steps: 20, baselines: [{ name: 'sgd' }, { name: 'momentum' }], tuning: { functions: 1 } },
    );
    for (const { rule, tuning } of optimizers) {
      const scores = tuning!.grid.map(({ score }) => Number(score));
      assert.ok(scores.every((score) => !Number.isNaN(score)));
      assert.ok(tuning!.grid.some(({ diverged, learningRate }) => diverged && learningRate < 0.1));
      const taken = tuning!.grid.find(
        ({ learningRate }) => learningRate === (rule as { learningRate: number }).learningRate,
      );
      assert.equal(taken!.score, Math.min(...scores));
    }
  });

  it('can be submitted again: it is at most the greatest that a document may give', async () => {
    for (const scale of [1e-7, 1e-9]) {
      const [sgd] = await tuned({ name: 'shifted', scale }, { steps: 20, baselines: [{ name: 'sgd' }] });
      assert.ok(rateOf(sgd!) > 7e5 && rateOf(sgd!) <= 1e6, sgd!.label);
      assert.equal(sgd!.tuning!.atEdge, true);
      parseJobSpec({
        kind: 'compare',
        optimizer: { job: 'any' },
        problem: { name: 'shifted' },
        comparison: { baselines: [sgd!.rule] },
      });
    }
  });
});

describe('a rule keeps its usual rate, and says why', () => {
  it('where the sum is over one step; the final loss can tell', async () => {
    const [sgd, adam] = await tuned({ name: 'parabola' }, { steps: 1, baselines: [{ name: 'sgd' }, { name: 'adam' }] });
    assert.equal(sgd!.label, 'SGD 0.1 (not tuned)');
    assert.equal(adam!.label, 'Adam 0.01 (not tuned)');
    assert.deepEqual(reasons(sgd!), [
      'learningRate: the sum over one step is the loss at the start, whatever the rate',
    ]);
    assert.equal(sgd!.tuning!.atEdge, false);

    const measures = ['sum', 'final'];
    const both = await tuned({ name: 'parabola' }, { steps: 1, baselines: [{ name: 'sgd' }], tuning: { measures } });
    assert.equal(both.length, 2);
    assert.equal(both[0]!.label, 'SGD 0.1 (not tuned for sum)');
    assert.match(both[1]!.label, /^SGD 0\.\d+ \(tuned for final\)$/);
  });

  it('where no rate changes the loss', async () => {
    const [sgd] = await tuned({ name: 'shifted', scale: 0 }, { steps: 5, baselines: [{ name: 'sgd' }] });
    assert.equal(sgd!.label, 'SGD 0.1 (not tuned)');
    assert.deepEqual(reasons(sgd!), [
      'learningRate: no rate from 0.01 to 1000000 lowers the sum without diverging on a tuning function',
    ]);
  });

  it('where every rate fails', async () => {
    const [sgd] = await tuned({ name: 'shifted', nan: 'gradient' }, { steps: 5, baselines: [{ name: 'sgd' }] });
    assert.equal(sgd!.label, 'SGD 0.1 (not tuned)');
    assert.ok(sgd!.tuning!.grid.every(({ diverged }) => diverged));
  });

  it('where one of the tuning functions is not finite anywhere', async () => {
    const [sgd] = await tuned({ name: 'shifted', nan: 'one' }, { steps: 5, baselines: [{ name: 'sgd' }] });
    assert.equal(sgd!.label, 'SGD 0.1 (not tuned)');
    assert.match(reasons(sgd!)![0]!, /the loss of a tuning function is not finite even when nothing moves$/);
  });

  it('and its other parameters, where those were to be tuned as well', async () => {
    const tuning = { parameters: { momentum: [0.99, 0.5] } };
    const [momentum] = await tuned({ name: 'parabola' }, { steps: 1, baselines: [{ name: 'momentum' }], tuning });
    assert.deepEqual(momentum!.rule, { name: 'momentum', learningRate: 0.01, momentum: 0.9 });
  });

  it('but of a parameter that alone makes no difference, says only that', async () => {
    // The velocity of the first step is the gradient times the rate, whatever its decay.
    const tuning = { measure: 'final', parameters: { momentum: [0.99, 0.5, 0.9] } };
    const [momentum] = await tuned({ name: 'parabola' }, { steps: 1, baselines: [{ name: 'momentum' }], tuning });
    assert.match(momentum!.label, /^Momentum 0\.\d+ \(tuned\)$/);
    assert.deepEqual(reasons(momentum!), ['momentum: 0.99, 0.5 and 0.9 give the same final loss']);
    assert.deepEqual({ ...momentum!.rule, learningRate: 0 }, { name: 'momentum', learningRate: 0, momentum: 0.9 });
  });
});
