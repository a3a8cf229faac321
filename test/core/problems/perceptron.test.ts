import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PerceptronSpec } from '../../../src/contract/problems/perceptron.js';
import { coordinates } from '../../../src/contract/problems.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { loadDatasets } from '../../../src/data/datasets.js';
import { testSeed } from '../../weights/samples.js';
import { madeUpDigits } from './made-up-digits.js';

const seed = testSeed();
console.log(`seed ${seed}`);

const spec = (fields: object) =>
  parseJobSpec({ kind: 'metatrain', problem: { name: 'perceptron', ...fields }, optimizer: { name: 'lstm' } })
    .problem as PerceptronSpec;
const datasets = { ...(await loadDatasets(spec({}))), ...madeUpDigits(seed) };
const draw = (problem: PerceptronSpec, count = 1, first = 0) =>
  sampleFunctions(problem, seed, Purpose.training, first, count, datasets);

describe('a perceptron', () => {
  it('has the parameters of mnist, whose case it is', () => {
    assert.equal(coordinates(spec({ hidden: [32] })), 65 * 32 + 33 * 10);
    const same = { dataset: 'digits', hidden: [7], activation: 'sigmoid', initialisation: 'normal', batch: 3 };
    const perceptron = draw(spec(same));
    const mnist = sampleFunctions(
      { name: 'mnist', hidden: [7], activation: 'sigmoid', batch: 3, examples: null },
      seed,
      Purpose.training,
      0,
      1,
      datasets,
    );
    assert.deepEqual(perceptron.start, mnist.start);
    assert.deepEqual(perceptron.miniBatches!.gather(5), mnist.miniBatches!.gather(5));
  });

  for (const [initialisation, variance] of [
    ['he', 2 / 64],
    ['lecun', 1 / 64],
    ['glorot', 2 / (64 + 300)],
  ] as const)
    it(`begins with weights of variance ${variance}, cut at two standard deviations, and biases of 0: ${initialisation}`, () => {
      const { start } = draw(spec({ initialisation, hidden: [300] }));
      const weights = start.subarray(0, 64 * 300);
      // The mean square of n draws of variance 1, cut, whose fourth moment is 2.06: standard deviation about √(1.06/n).
      const mean = weights.reduce((sum, w) => sum + w * w, 0) / weights.length / variance;
      assert.ok(Math.abs(mean - 1) < 5 * Math.sqrt(1.06 / weights.length), `${mean}`);
      const bound = (2 * Math.sqrt(variance)) / 0.8796256610342398;
      assert.ok(weights.every((w) => Math.abs(w) <= bound * (1 + 1e-6)));
      assert.ok(weights.some((w) => Math.abs(w) > 0.99 * bound));
      assert.ok(start.subarray(64 * 300, 64 * 300 + 300).every((bias) => bias === 0));
    });

  it('permutes the classes for each function, the same ones whenever it is drawn', () => {
    const problem = spec({ labels: 'permuted' });
    const orders = new Set<string>();
    const { data } = draw(problem, 40);
    for (let b = 0; b < 40; b++) {
      const order = [...data.classes!.subarray(10 * b, 10 * b + 10)];
      assert.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.deepEqual([...draw(problem, 1, b).data.classes!], order);
      orders.add(order.join());
    }
    assert.equal(orders.size, 40);
    assert.deepEqual(draw(spec({})).data, {});
  });
});
