import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { parametersOf } from '../../../src/contract/problems.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { optimise } from '../../../src/core/optimise/method.js';
import { ruleMethod } from '../../../src/core/optimise/rule-method.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { madeUpDigits } from './made-up-digits.js';

const problemOf = (problem: object) =>
  parseJobSpec({ kind: 'metatrain', problem, optimizer: { name: 'lstm' }, training: { validation: { functions: 1 } } })
    .problem;
const draw = (problem: object, count = 1) =>
  sampleFunctions(problemOf(problem), 1, Purpose.training, 0, count, madeUpDigits(1));
const mean = (x: Float32Array) => x.reduce((a, b) => a + b, 0) / x.length;

describe('composite problems', () => {
  let engine: Engine;
  before(async () => {
    engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
  });
  const evaluate = async (batch: ReturnType<typeof draw>, theta: Float32Array, step = 0) => {
    const functions = await engine.openFunctions(batch);
    const found = await functions.evaluate(theta, step);
    functions.dispose();
    return found;
  };

  it('rescaled: the functions of the inner problem, where they start', async () => {
    const [plain, batch] = [{ name: 'parabola' }, { name: 'rescaled', range: 2, problem: { name: 'parabola' } }].map(
      (problem) => draw(problem, 1000),
    );
    const [before, after] = [await evaluate(plain!, plain!.start), await evaluate(batch!, batch!.start)];
    for (const [i, loss] of before.losses.entries()) assert.ok(Math.abs(after.losses[i]! / loss - 1) < 1e-5);
    // log c ~ U(-2, 2): mean 0, standard deviation 2/√3; of 10,000 draws the mean is off by at most 5/100 of that.
    const logs = batch!.data.c!.map(Math.log);
    assert.ok(logs.every((u) => Math.abs(u) <= 2.0001));
    assert.ok(Math.abs(mean(logs)) < (5 * 2) / Math.sqrt(3) / 100);
    assert.ok(Math.abs(mean(logs.map((u) => u * u)) - 4 / 3) < 0.06);
  });

  for (const [per, sizes] of [
    ['tensor', [784 * 3, 3, 3 * 10, 10]],
    ['global', [785 * 3 + 4 * 10]],
  ] as const)
    it(`rescaled, ${per}: one factor for all coordinates of each, log-uniform`, async () => {
      const problem = { name: 'mnist', hidden: [3], batch: 2 };
      const [plain, batch] = [draw(problem, 300), draw({ name: 'rescaled', range: 1.5, per, problem }, 300)];
      const logs: number[] = [];
      for (let b = 0; b < 300; b++) {
        let offset = b * batch.dimension;
        for (const size of sizes) {
          const own = batch.data.c!.subarray(offset, offset + size);
          assert.ok(own.every((c) => c === own[0]));
          for (let i = offset; i < offset + size; i++)
            assert.ok(Math.abs(batch.start[i]! * own[0]! - plain.start[i]!) <= 1e-6 * Math.abs(plain.start[i]!));
          logs.push(Math.log(own[0]!));
          offset += size;
        }
        assert.equal(offset, (b + 1) * batch.dimension);
      }
      assert.equal(new Set(logs).size, logs.length);
      assert.ok(logs.every((u) => Math.abs(u) <= 1.5001));
      // U(-1.5, 1.5): variance 0.75, that of its square 0.45; five standard deviations of the means. The seed is fixed.
      const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
      assert.ok(Math.abs(mean(logs)) < 5 * Math.sqrt(0.75 / logs.length));
      assert.ok(Math.abs(mean(logs.map((u) => u * u)) - 0.75) < 5 * Math.sqrt(0.45 / logs.length));
    });

  it('noisy: the losses and the gradient are the inner problem’s; what an optimizer sees is not', async () => {
    const [plain, batch] = [{ name: 'parabola' }, { name: 'noisy', deviation: 3, problem: { name: 'parabola' } }].map(
      (problem) => draw(problem, 1000),
    );
    const [without, found] = [await evaluate(plain!, plain!.start), await evaluate(batch!, batch!.start)];
    assert.deepEqual(found.losses, without.losses);
    assert.deepEqual(found.gradient, without.gradient);
    const noise = found.observed!.map((g, i) => g - found.gradient[i]!);
    assert.ok(Math.abs(mean(noise)) < (5 * 3) / 100);
    assert.ok(Math.abs(mean(noise.map((n) => n * n)) / 9 - 1) < 0.07);
    const again = await evaluate(batch!, batch!.start);
    assert.deepEqual(again.observed, found.observed);
    const [one, two] = [1, 2].map((step) => batch!.stepDraws!.at(step).noise!);
    assert.ok(one!.every((n, i) => n !== two![i]));
    // Function 7 by itself has the same noise as in a batch.
    const single = sampleFunctions(batch!.problem, 1, Purpose.training, 7, 1);
    assert.deepEqual(single.stepDraws!.at(1).noise!, one!.slice(70, 80));
  });

  it('noisy: a hand-designed rule uses the observed gradient', async () => {
    const batch = draw({ name: 'noisy', deviation: 3, problem: { name: 'simple' } }, 2);
    const losses = await optimise(engine, batch, ruleMethod({ name: 'sgd', learningRate: 0.1 }), 1);
    const { noise } = batch.stepDraws!.at(0);
    // From θ_0 = 1: f(θ_1) = (1 - 0.1 (2 + ε_0))².
    for (const b of [0, 1]) assert.ok(Math.abs(losses[2 + b]! / (0.8 - 0.1 * noise![b]!) ** 2 - 1) < 1e-5);
  });

  it('an ensemble’s members have their own coordinates, functions and mini-batches', async () => {
    const member = { problem: { name: 'mnist', hidden: [2], batch: 8 } };
    const batch = draw({ name: 'ensemble', members: [member, { ...member, weight: 3 }] });
    assert.deepEqual(
      parametersOf(batch.problem).map(({ name }) => name),
      ['member1', 'member2'].flatMap((m) =>
        ['layer1/weights', 'layer1/biases', 'layer2/weights', 'layer2/biases'].map((p) => `${m}/${p}`),
      ),
    );
    const [first, second] = batch.parts;
    assert.notDeepEqual(first!.miniBatches!.rows(0), second!.miniBatches!.rows(0));
    assert.notDeepEqual(first!.start, second!.start);
    const { losses } = await evaluate(batch, batch.start, 5);
    const [a, b] = [await evaluate(first!, first!.start, 5), await evaluate(second!, second!.start, 5)];
    assert.ok(Math.abs(losses[0]! - (a.losses[0]! + 3 * b.losses[0]!)) < 1e-5);
  });

  it('are checked all the way down, and bounded in depth and number', () => {
    const nested = (depth: number): object =>
      depth === 1 ? { name: 'simple' } : { name: 'noisy', problem: nested(depth - 1) };
    problemOf(nested(4));
    assert.throws(() => problemOf(nested(5)), /problem: found 5, allowed: problems nested at most 4 deep/);
    const many = (n: number) => ({ name: 'ensemble', members: Array(n).fill({ problem: { name: 'simple' } }) });
    const all = { name: 'ensemble', members: [{ problem: many(8) }, { problem: many(6) }] };
    assert.throws(() => problemOf(all), /problem: found 17, allowed: at most 16 problems in one/);
    const wrong = {
      name: 'ensemble',
      members: [{ problem: { name: 'noisy', problem: { name: 'parabola', dimension: 0 } } }],
    };
    assert.throws(() => problemOf(wrong), /\/problem\/members\/0\/problem\/problem\/dimension: found 0/);
    const unknown = { name: 'rescaled', problem: { name: 'cube' } };
    assert.throws(() => problemOf(unknown), /\/problem\/problem\/name: found "cube", allowed: "parabola"/);
  });
});
