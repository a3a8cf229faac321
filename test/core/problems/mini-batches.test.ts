import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DatasetError } from '../../../src/contract/datasets.js';
import type { ShapesSpec } from '../../../src/contract/problems/shapes.js';
import type { ProblemSpec } from '../../../src/contract/problems.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { madeUpDigits } from './made-up-digits.js';

const problem: ProblemSpec = { name: 'mnist', hidden: [2], activation: 'tanh', batch: 50, examples: null };
const convNet: ShapesSpec = {
  name: 'shapes',
  side: 8,
  channels: [1],
  kernel: 1,
  hidden: [],
  batchNorm: true,
  batch: 50,
  classes: [7, 2, 5],
};
const datasets = madeUpDigits(1, 40, 30);
const draw = (purpose: Purpose, first: number, count: number, seed = 3) =>
  sampleFunctions(problem, seed, purpose, first, count, datasets).miniBatches!;

describe('mini-batches', () => {
  it('are the same whenever they are drawn: one step or many, in whatever batch of functions', () => {
    const whole = draw(Purpose.training, 10, 3);
    const many = whole.rows(5, 4);
    assert.equal(many.length, 4 * 3 * 50);
    for (let t = 0; t < 4; t++)
      for (let b = 0; b < 3; b++) {
        const at = (t * 3 + b) * 50;
        assert.deepEqual(draw(Purpose.training, 10 + b, 1).rows(5 + t), many.slice(at, at + 50));
      }
    assert.deepEqual(whole.rows(5, 4), many);
  });

  it('differ from step to step, function to function, purpose to purpose and seed to seed', () => {
    const all = [
      draw(Purpose.training, 0, 1).rows(0),
      draw(Purpose.training, 0, 1).rows(1),
      draw(Purpose.training, 1, 1).rows(0),
      draw(Purpose.validation, 0, 1).rows(0),
      draw(Purpose.training, 0, 1, 4).rows(0),
    ];
    assert.equal(new Set(all.map((rows) => rows.join())).size, all.length);
  });

  it('are of a function’s own few examples, and every example is equally likely among them', () => {
    const few = (first: number, count: number) =>
      sampleFunctions({ ...problem, examples: 6 }, 3, Purpose.training, first, count, datasets).miniBatches!;
    const own = (b: number, steps = 40) => new Set(few(b, 1).rows(0, steps));
    for (let b = 0; b < 5; b++) {
      assert.equal(own(b).size, 6);
      assert.deepEqual(own(b, 80), own(b));
    }
    assert.notDeepEqual(own(0), own(1));
    assert.deepEqual(few(10, 3).rows(5, 2).slice(50, 100), few(11, 1).rows(5));
    const counts = new Array<number>(40).fill(0);
    for (let b = 0; b < 2000; b++) for (const row of own(b)) counts[row]!++;
    // 2,000 windows of 6 among 40: each example is in 300 of them, standard deviation √(2000 · 0.15 · 0.85) = 16.
    for (const [row, n] of counts.entries()) assert.ok(Math.abs(n - 300) < 5 * 16, `example ${row}: ${n}`);
    const all = { ...problem, examples: 41 };
    const rows = sampleFunctions(all, 3, Purpose.training, 0, 1, datasets).miniBatches!.rows(0, 3);
    assert.deepEqual(rows, draw(Purpose.training, 0, 1).rows(0, 3));
  });

  it('see each example equally often', () => {
    const counts = new Array<number>(40).fill(0);
    for (const row of draw(Purpose.training, 0, 1).rows(0, 800)) counts[row]!++;
    // χ² over 40 cells of 1,000: mean 39, standard deviation √78. The seed is fixed.
    const chi = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    assert.ok(Math.abs(chi - 39) < 5 * Math.sqrt(78), `χ² = ${chi}`);
  });

  it('are of held-out examples in a comparison, and of training examples otherwise', () => {
    for (const [name, purpose] of Object.entries(Purpose))
      assert.equal(
        draw(purpose, 0, 1).examples,
        name === 'comparison' ? datasets.digits!.heldOut : datasets.digits!.training,
      );
  });

  it('come as pixels from 0 to 1 and one-hot classes', () => {
    const batch = draw(Purpose.comparison, 2, 2);
    const rows = batch.rows(7);
    const { inputs, labels } = batch.gather(7);
    const { inputs: pixels, labels: classes } = datasets.digits!.heldOut;
    for (const [i, row] of rows.entries()) {
      assert.deepEqual(
        [...labels.slice(10 * i, 10 * i + 10)],
        Array.from({ length: 10 }, (_, digit) => (digit === classes[row] ? 1 : 0)),
      );
      const expected = [...pixels.slice(784 * row, 784 * row + 784)].map((grey) => Math.fround(grey / 255));
      assert.deepEqual([...inputs.slice(784 * i, 784 * i + 784)], expected);
    }
  });

  it('need the data set: the error names it', () => {
    assert.throws(
      () => sampleFunctions(problem, 1, Purpose.training, 0, 1),
      (error) => error instanceof DatasetError && /The data set "digits"/.test(error.message),
    );
  });

  it('see only the chosen classes, in the order of their new labels', () => {
    const data = madeUpDigits(2, 400, 300).digits!;
    const shapes = { fingerprint: '', training: { ...data.training, width: 192 }, heldOut: data.heldOut };
    const draw = (problem: ProblemSpec) =>
      sampleFunctions(problem, 3, Purpose.training, 0, 1, { 'shapes-8': shapes }).miniBatches!;
    const batch = draw(convNet);
    const seen = new Set<number>();
    const { labels } = batch.gather(4);
    for (const [i, row] of batch.rows(4).entries()) {
      const place = labels.subarray(3 * i, 3 * i + 3).indexOf(1);
      assert.equal(convNet.classes[place], data.training.labels[row]);
      seen.add(row);
    }
    // 50 draws with replacement among about 120 give about 41 different ones.
    assert.ok(seen.size > 25);
    assert.deepEqual(draw(convNet).rows(4), batch.rows(4));
    assert.throws(
      () => draw({ ...convNet, classes: [250, 251] }),
      (error) => error instanceof DatasetError && /no examples of the classes 250, 251/.test(error.message),
    );
  });
});
