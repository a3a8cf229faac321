import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Purpose, RandomStream } from '../../src/core/random/random.js';
import {
  interquartileMean,
  mean,
  PairedBootstrap,
  percentileInterval,
  sortedQuantile,
  standardDeviation,
  stratifiedBootstrap,
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

describe('the interquartile mean', () => {
  it('is the mean of what is left when a quarter is cut at either end, rounded down', () => {
    // scipy.stats.trim_mean(range(8), 0.25) = (2 + 3 + 4 + 5)/4, of range(10) it is (2 + … + 7)/6.
    assert.equal(interquartileMean(f64(7, 0, 6, 1, 5, 2, 4, 3)), 3.5);
    assert.equal(interquartileMean(f64(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)), 4.5);
    assert.equal(interquartileMean(f64(1, 2, 9)), 4);
  });

  it('does not see a quarter of outliers, even infinite ones, but any NaN', () => {
    assert.equal(interquartileMean(f64(-infinity, 2, 4, infinity)), 3);
    assert.equal(interquartileMean(f64(1, 2, 4, nan)), nan);
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

describe('the stratified bootstrap', () => {
  // Tasks of different spread and number of runs.
  const scores = [f64(1, 2, 4), f64(10, 10, 13, 11), f64(-5, 5), f64(3, 3, 3, 3, 3)];
  const varianceOf = (values: Float64Array) => (standardDeviation(values) ** 2 * (values.length - 1)) / values.length;
  /** Mean over tasks of their means: each task counts the same. */
  const meanOfTasks = (sizes: readonly number[]) => (all: Float64Array) => {
    const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
    const means = sizes.map((size, i) => mean(all.subarray(ends[i]! - size, ends[i])));
    return mean(Float64Array.from(means));
  };
  const resamples = 20_000;
  const within = mean(Float64Array.from(scores, (own) => varianceOf(own) / own.length));

  it('of runs: the variance of the mean over tasks is Σ σ²/n over the tasks’ number squared', () => {
    const statistic = meanOfTasks(scores.map(({ length }) => length));
    const drawn = stratifiedBootstrap(scores, statistic, { seed: 3, resamples, tasks: false });
    const expected = within / scores.length;
    // The standard error of a variance from 20,000 draws is 1 %; of the mean, σ/141.
    assert.ok(Math.abs(varianceOf(drawn) / expected - 1) < 0.05, `${varianceOf(drawn)}, expected ${expected}`);
    const means = Float64Array.from(scores, mean);
    assert.ok(Math.abs(mean(drawn) - mean(means)) < 5 * Math.sqrt(expected / resamples));
  });

  it('of tasks and runs: the variance between the tasks’ means is added', () => {
    const same = scores.map((own) => own.slice(0, 2));
    const drawn = stratifiedBootstrap(same, mean, { seed: 4, resamples, tasks: true });
    const between = varianceOf(Float64Array.from(same, mean));
    const expected = (between + mean(Float64Array.from(same, (own) => varianceOf(own) / 2))) / same.length;
    assert.ok(Math.abs(varianceOf(drawn) / expected - 1) < 0.05, `${varianceOf(drawn)}, expected ${expected}`);
  });

  it('keeps tasks apart: a statistic of tasks without spread is certain', () => {
    const constant = [f64(1, 1, 1), f64(5, 5)];
    const drawn = stratifiedBootstrap(constant, interquartileMean, { seed: 5, resamples: 100, tasks: false });
    assert.deepEqual(new Set(drawn), new Set([interquartileMean(f64(1, 1, 1, 5, 5))]));
  });

  it('is a function of the seed', () => {
    const drawn = (seed: number) =>
      stratifiedBootstrap(scores, interquartileMean, { seed, resamples: 50, tasks: true });
    assert.deepEqual(drawn(1), drawn(1));
    assert.notDeepEqual(drawn(1), drawn(2));
  });
});
