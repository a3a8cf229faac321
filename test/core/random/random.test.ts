import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProblemSpec } from '../../../src/contract/problems.js';
import { type FunctionBatch, sampleFunctions } from '../../../src/core/problems/batch.js';
import { philox } from '../../../src/core/random/philox.js';
import { Purpose, RandomStream } from '../../../src/core/random/random.js';

describe('Philox4x32-10', () => {
  // Known answers: kat_vectors of Random123 1.14 (Salmon et al., SC 2011): counter, key, block.
  const vectors: [string, number[], number[], number[]][] = [
    ['zeros', [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      'ones',
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      'digits of π',
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [title, counter, key, block] of vectors) {
    it(`gives the published block for ${title}`, () => {
      const out = new Uint32Array(4);
      const [c0, c1, c2, c3] = counter as [number, number, number, number];
      const [k0, k1] = key as [number, number];
      philox(c0, c1, c2, c3, k0, k1, out);
      assert.deepEqual([...out], block);
    });
  }
});

describe('a random stream', () => {
  const n = 200_000;
  const moments = (x: Float32Array) => {
    const m = x.reduce((a, b) => a + b, 0) / x.length;
    const central = (k: number) => x.reduce((a, b) => a + (b - m) ** k, 0) / x.length;
    return { mean: m, variance: central(2), third: central(3), fourth: central(4) };
  };
  /** Five standard errors: a fixed seed either always passes or always fails. */
  const within = (actual: number, expected: number, standardDeviation: number) =>
    assert.ok(Math.abs(actual - expected) < (5 * standardDeviation) / Math.sqrt(n), `${actual}, expected ${expected}`);

  it('is uniform', () => {
    const x = new Float32Array(n);
    new RandomStream(7, Purpose.training, 0).fillUniform(x);
    const { mean, variance } = moments(x);
    within(mean, 1 / 2, Math.sqrt(1 / 12));
    // Var (x - 1/2)² = 1/80 - 1/144
    within(variance, 1 / 12, Math.sqrt(1 / 80 - 1 / 144));
    assert.ok(x.every((v) => v >= 0 && v < 1));
    // χ² over 100 cells: mean 99, standard deviation √198.
    const cells = new Array<number>(100).fill(0);
    for (const v of x) cells[Math.floor(v * 100)]!++;
    const chi = cells.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0);
    assert.ok(Math.abs(chi - 99) < 5 * Math.sqrt(198), `χ² = ${chi}`);
  });

  it('is normal, with the given mean and standard deviation', () => {
    const x = new Float32Array(n);
    new RandomStream(7, Purpose.training, 1).fillNormal(x);
    const { mean, variance, third, fourth } = moments(x);
    within(mean, 0, 1);
    within(variance, 1, Math.sqrt(2));
    within(third, 0, Math.sqrt(15));
    within(fourth, 3, Math.sqrt(96));
    const scaled = new Float32Array(n);
    new RandomStream(7, Purpose.training, 1).fillNormal(scaled, 3, 0.01);
    assert.ok(scaled.every((v, i) => Math.abs(v - (3 + 0.01 * x[i]!)) < 1e-6));
  });

  it('is uncorrelated with the next index, the next seed and the next purpose', () => {
    const draw = (seed: number, purpose: Purpose, index: number) => {
      const x = new Float32Array(n);
      new RandomStream(seed, purpose, index).fillNormal(x);
      return x;
    };
    const base = draw(7, Purpose.training, 5);
    for (const other of [draw(7, Purpose.training, 6), draw(8, Purpose.training, 5), draw(7, Purpose.validation, 5)])
      within(base.reduce((sum, x, i) => sum + x * other[i]!, 0) / n, 0, 1);
  });

  it('draws integers below a bound with equal chances', () => {
    const random = new RandomStream(7, Purpose.bootstrap, 0);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < n; i++) counts[random.nextInt(7)]!++;
    for (const count of counts) within(count / n, 1 / 7, Math.sqrt((1 / 7) * (6 / 7)));
  });

  it('distinguishes large seeds and indices: 2^32 and 0 share their low words', () => {
    const first = (seed: number, index: number) => new RandomStream(seed, Purpose.training, index).nextUint32();
    const drawn = [first(0, 0), first(2 ** 32, 0), first(0, 2 ** 32), first(2 ** 53 - 1, 0), first(0, 2 ** 53 - 1)];
    assert.equal(new Set(drawn).size, drawn.length);
  });

  it('refuses a seed or an index that is not a whole number it can hold', () => {
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN]) {
      assert.throws(
        () => new RandomStream(bad, Purpose.training, 0),
        /seed .* expected an integer from 0 to 2\^53 - 1/,
      );
      assert.throws(() => new RandomStream(0, Purpose.training, bad), /index .* expected an integer/);
    }
  });
});

const families: ProblemSpec[] = [
  { name: 'simple' },
  { name: 'parabola', dimension: 3 },
  { name: 'quadratic', dimension: 3, distribution: 'uniform' },
  { name: 'quadratic', dimension: 3, distribution: 'normal' },
  { name: 'logistic', features: 2, examples: 5, l2: 0 },
  { name: 'rosenbrock', dimension: 3, steepness: 10 },
  { name: 'rastrigin', dimension: 2, alpha: 10 },
  { name: 'ackley', dimension: 2 },
  { name: 'lasso', rows: 2, columns: 3, l1: 0.1 },
  { name: 'rescaled', range: 1, problem: { name: 'parabola', dimension: 2 } },
];
const join = (parts: Float32Array[]) => parts.flatMap((part) => [...part]);

describe('sampled functions', () => {
  for (const problem of families) {
    const title = problem.name === 'quadratic' ? `quadratic, ${problem.distribution}` : problem.name;
    it(`of ${title} are the same in every batch`, () => {
      const draw = (first: number, count: number) => sampleFunctions(problem, 3, Purpose.comparison, first, count);
      const whole = draw(10, 12);
      const pieces = [draw(10, 1), draw(11, 4), draw(15, 7)];
      assert.deepEqual(join(pieces.map((b) => b.start)), [...whole.start]);
      for (const name of Object.keys(whole.data))
        assert.deepEqual(join(pieces.map((b) => b.data[name]!)), [...whole.data[name]!]);
    });
  }

  it('never equal those of another purpose, index or seed', () => {
    const problem: ProblemSpec = { name: 'quadratic', dimension: 2, distribution: 'normal' };
    const key = ({ data }: FunctionBatch, i: number) => data.W!.slice(4 * i, 4 * i + 4).join();
    const seen = new Set<string>();
    const each = 500;
    for (const seed of [1, 2])
      for (const purpose of Object.values(Purpose)) {
        const batch = sampleFunctions(problem, seed, purpose, 0, each);
        for (let i = 0; i < each; i++) seen.add(key(batch, i));
      }
    assert.equal(seen.size, 2 * Object.keys(Purpose).length * each);
  });

  it('have the distributions that the contract states', () => {
    const count = 20_000;
    const draw = (problem: ProblemSpec) => sampleFunctions(problem, 5, Purpose.training, 0, count);
    const stats = (x: Float32Array) => {
      const mean = x.reduce((a, b) => a + b, 0) / x.length;
      return { mean, deviation: Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length) };
    };
    const like = (x: Float32Array, mean: number, deviation: number) => {
      const found = stats(x);
      assert.ok(Math.abs(found.mean - mean) < 0.02 * deviation, `mean ${found.mean}, expected ${mean}`);
      assert.ok(
        Math.abs(found.deviation / deviation - 1) < 0.02,
        `deviation ${found.deviation}, expected ${deviation}`,
      );
    };
    const parabola = draw(families[1]!);
    like(parabola.data.s!, 1, 1 / Math.sqrt(12));
    like(parabola.start, 0, 2 / Math.sqrt(12));
    const uniform = draw(families[2]!);
    like(uniform.data.W!, 0.5, 1 / Math.sqrt(12));
    like(uniform.data.y!, 0.5, 1 / Math.sqrt(12));
    like(uniform.start, 0, 0.01);
    const gaussian = draw(families[3]!);
    like(gaussian.data.W!, 0, 1);
    like(gaussian.data.y!, 0, 1);
    assert.ok(gaussian.start.every((x) => x === 0));
    assert.ok(draw(families[0]!).start.every((x) => x === 1));
    const rosenbrock = draw(families[5]!);
    like(rosenbrock.data.o!, 0, 2 / Math.sqrt(12));
    like(rosenbrock.data.a!, 10, 10 / Math.sqrt(12));
    like(rosenbrock.start, 0, 4.096 / Math.sqrt(12));
    const ackley = draw(families[7]!);
    like(ackley.data.o!, 0, 2 / Math.sqrt(12));
    like(ackley.start, 0, 10 / Math.sqrt(12));
    for (const { data, start } of [draw(families[6]!), draw(families[8]!)])
      for (const array of [...Object.values(data), start]) like(array, 0, 1);
    const logistic = draw(families[4]!);
    like(logistic.start, 0, 1);
    // Var x = Var μ + Σ_j Var(S_ij n_j) = 1 + 1. Two of five are of the first class.
    like(logistic.data.X!, 0, Math.SQRT2);
    assert.deepEqual([...logistic.data.y!.slice(0, 5)], [0, 0, 1, 1, 1]);
  });
});
