import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Purpose, RandomStream } from '../../src/core/random/random.js';
import {
  mean,
  PairedBootstrap,
  percentileInterval,
  sortedQuantile,
  standardDeviation,
  winRate,
} from '../../src/core/statistics.js';

const f64 = (...values: number[]) => Float64Array.of(...values);
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe('mean and standard deviation', () => {
  it('of 2, 4, 4, 4, 5, 5, 7, 9: 5 and √(32/7)', () => {
    const values = f64(2, 4, 4, 4, 5, 5, 7, 9);
    assert.equal(mean(values), 5);
    assert.equal(standardDeviation(values), Math.sqrt(32 / 7));
  });

  it('add fp32 values in double: 2^24 ones and one more', () => {
    const values = new Float32Array(2 ** 24 + 1).fill(1);
    assert.equal(mean(values), 1);
  });

  it('keep what is not finite', () => {
    assert.equal(mean(f64(1, infinity)), infinity);
    assert.equal(mean(f64(1, nan)), nan);
    assert.equal(standardDeviation(f64(1, infinity)), nan);
  });
});

describe('quantiles, by numpy’s default definition', () => {
  it('are at position p (n - 1), interpolated', () => {
    const sorted = f64(10, 20, 40, 80);
    // p = 0.4: position 1.2, 20 + 0.2 · 20 = 24.
    for (const [p, expected] of [
      [0, 10],
      [1 / 3, 20],
      [0.4, 24],
      [0.5, 30],
      [0.75, 50],
      [1, 80],
    ] as const)
      assert.ok(Math.abs(sortedQuantile(sorted, p) - expected) < 1e-12, `p = ${p}: ${sortedQuantile(sorted, p)}`);
    assert.equal(sortedQuantile(f64(7), 0.3), 7);
  });

  it('between infinities are infinite, not undefined', () => {
    assert.equal(sortedQuantile(f64(1, infinity, infinity), 0.9), infinity);
    assert.equal(sortedQuantile(f64(1, 2, infinity), 0.5), 2);
    assert.equal(sortedQuantile(f64(1, 2, infinity), 0.6), infinity);
    assert.equal(sortedQuantile(f64(-infinity, 1), 0.5), -infinity);
  });
});

describe('win rate', () => {
  it('counts a tie half', () => assert.equal(winRate(f64(1, 2, 3, 4), f64(2, 2, 2, 5)), 2.5 / 4));

  it('counts a divergence, NaN or infinite, as a loss, and two of them as a tie', () => {
    assert.equal(winRate(f64(1, 1), f64(nan, infinity)), 1);
    assert.equal(winRate(f64(nan, infinity), f64(1, 1)), 0);
    assert.equal(winRate(f64(nan, infinity, nan, infinity), f64(nan, nan, infinity, infinity)), 0.5);
  });

  it('and its opposite make 1', () => {
    const values = [0, 1, 1, 2, infinity, nan];
    const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
    const [a, b] = [f64(...pairs.map((p) => p[0])), f64(...pairs.map((p) => p[1]))];
    assert.equal(winRate(a, b) + winRate(b, a), 1);
  });
});

describe('the interval between percentiles', () => {
  it('is none if a resample is NaN, which would be sorted as the maximum', () => {
    assert.deepEqual(percentileInterval(f64(1, 2, 3, nan), 0.5), { low: nan, high: nan });
    assert.deepEqual(percentileInterval(f64(1, 2, 3, 4, 5), 0.5), { low: 2, high: 4 });
  });
});

describe('the paired bootstrap', () => {
  const normalValues = (index: number, n: number, centre: number) => {
    const values = new Float32Array(n);
    new RandomStream(11, Purpose.training, index).fillNormal(values, centre, 1);
    return values;
  };

  it('covers the true mean in about 95 % of experiments', () => {
    let covered = 0;
    const experiments = 400;
    for (let e = 0; e < experiments; e++) {
      const bootstrap = new PairedBootstrap([normalValues(e, 50, 2)], e);
      bootstrap.resample(300);
      const { low, high } = percentileInterval(bootstrap.means(0), 0.95);
      if (low <= 2 && 2 <= high) covered++;
    }
    // The percentile interval of 50 values covers some 94 %; one standard error here is 1.2 %.
    assert.ok(covered / experiments > 0.9 && covered / experiments < 0.98, `covered ${covered} of ${experiments}`);
  });

  it('is as wide as the normal approximation says: ± 1.96 σ / √n', () => {
    const values = normalValues(0, 2000, 0);
    const bootstrap = new PairedBootstrap([values], 1);
    bootstrap.resample(2000);
    const { low, high } = percentileInterval(bootstrap.means(0), 0.95);
    const expected = (2 * 1.96 * standardDeviation(values)) / Math.sqrt(2000);
    assert.ok(Math.abs((high - low) / expected - 1) < 0.1, `width ${high - low}, expected ${expected}`);
  });

  it('draws the same functions for every measure: the difference of shifted copies is certain', () => {
    const a = Float64Array.from(normalValues(0, 30, 0));
    const bootstrap = new PairedBootstrap([a, a.map((x) => x + 5)], 1);
    bootstrap.resample(200);
    const [first, second] = [bootstrap.means(0), bootstrap.means(1)];
    for (const [r, value] of first.entries()) assert.ok(Math.abs(second[r]! - value - 5) < 1e-12);
  });

  it('is the same whether drawn at once or in pieces', () => {
    const values = normalValues(0, 30, 0);
    const [whole, pieces] = [new PairedBootstrap([values], 1), new PairedBootstrap([values], 1)];
    whole.resample(70);
    for (const count of [1, 50, 19]) pieces.resample(count);
    assert.deepEqual(pieces.means(0), whole.means(0));
  });
});
