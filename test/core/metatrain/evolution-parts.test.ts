import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EvolutionSpec } from '../../../src/contract/estimators.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { estimatePairs, perturbed } from '../../../src/core/metatrain/estimators/evolution/antithetic.js';
import { horizonOf } from '../../../src/core/metatrain/estimators/evolution/horizons.js';
import { metaLosses } from '../../../src/core/metatrain/estimators/evolution/meta-loss.js';
import { noNorms, noteSignal, signalToNoise } from '../../../src/core/metatrain/state.js';

/** What evolution strategies consist of, against closed forms. */

describe('the horizon of a function', () => {
  const seed = 4;
  const drawn = (estimator: object, count: number, others: object = {}) => {
    const training = { unroll: 50, functions: 100, horizon: 200, ...others, estimator: { name: 'pes', ...estimator } };
    const spec = parseJobSpec({
      kind: 'metatrain',
      optimizer: { name: 'mlp' },
      problem: { name: 'parabola' },
      training,
    });
    assert.ok(spec.kind === 'metatrain');
    const evolution = spec.training.estimator as EvolutionSpec;
    return Array.from({ length: count }, (_, i) => horizonOf(spec.training, evolution, seed, i));
  };

  it('is log-uniform, in whole truncations', () => {
    const [minimum, maximum, count] = [100, 2000, 4000];
    const steps = drawn({ horizons: { minimum, maximum }, stagger: false }, count).map((horizon) => horizon.steps);
    for (const one of steps) assert.ok(one % 50 === 0 && one >= minimum && one <= maximum, `${one}`);
    // P(horizon ≤ h) = log((h + 25)/100)/log 20, rounded to multiples of 50; Kolmogorov's 1e-6 quantile is 2.7/√n.
    for (let h = minimum; h < maximum; h += 50) {
      const expected = Math.log((h + 25) / minimum) / Math.log(maximum / minimum);
      const found = steps.filter((one) => one <= h).length / count;
      assert.ok(Math.abs(found - expected) < 2.7 / Math.sqrt(count), `up to ${h}: ${found}, expected ${expected}`);
    }
  });

  it('is training’s own unless there is a range', () => {
    for (const { steps, end } of drawn({ stagger: false }, 5)) assert.deepEqual([steps, end], [200, 200]);
  });

  it('ends early for the first function of a slot only, at any truncation', () => {
    const all = drawn({}, 300);
    const ends = all.slice(0, 100).map(({ end }) => end);
    for (const end of [50, 100, 150, 200]) assert.ok(ends.includes(end));
    assert.deepEqual([...new Set(ends)].length, 4);
    for (const { steps, end } of all.slice(100)) assert.equal(end, steps);
  });

  it('is at least one truncation and at most the range', () => {
    for (const { steps } of drawn({ horizons: { minimum: 1, maximum: 120 } }, 200))
      assert.ok(steps === 50 || steps === 100, `${steps}`);
  });
});

describe('losses that are not finite or too high', () => {
  const weights = [1, 1, 2];
  const rows = (...losses: number[]) => Float32Array.from(losses);

  it('count as the maximum of what enters the meta-loss, and are counted', () => {
    // Two particles of one pair, t = 0, 1, 2; f(θ_0) = 4.
    const losses = rows(4, 4, Number.NaN, 3, Number.POSITIVE_INFINITY, 50);
    const { L, replaced } = metaLosses(losses, rows(4), { weights, objective: 'loss', maximum: 20 });
    assert.deepEqual([...L], [4 + 20 + 2 * 20, 4 + 3 + 2 * 20]);
    assert.equal(replaced, 3);
    assert.deepEqual([...losses], [4, 4, 20, 3, 20, 20]);
  });

  it('are relative to the first loss, or logarithms', () => {
    const relative = rows(4, 4, Number.NEGATIVE_INFINITY, 3, 100, 2);
    const found = metaLosses(relative, rows(4), { weights, objective: 'relative', maximum: 20 });
    assert.deepEqual([...found.L], [1 + 20 + 2 * 20, 1 + 3 / 4 + 2 * 0.5]);
    assert.deepEqual([...relative], [4, 4, 80, 3, 80, 2]);
    const { L } = metaLosses(rows(1, 1, Number.NaN, 1, 1, 1), rows(1), { weights, objective: 'log', maximum: 3 });
    assert.ok(Math.abs(L[0]! - 3) < 1e-6 && Math.abs(L[1]!) < 1e-6);
  });

  it('are finite without a maximum, too', () => {
    const losses = rows(1, 1, Number.NaN, 2, 1, 1);
    const { L, replaced } = metaLosses(losses, rows(1), { weights, objective: 'loss', maximum: null });
    assert.equal(replaced, 1);
    assert.equal(losses[2], 2 ** 128 - 2 ** 104);
    assert.ok(L.every(Number.isFinite));
  });
});

describe('pairs', () => {
  it('are φ + ε and φ - ε', () => {
    const all = perturbed(Float32Array.of(1, 2), Float32Array.of(0.5, 0.25, -1, 4));
    assert.deepEqual([...all], [1.5, 2.25, 0.5, 1.75, 0, 6, 2, -2]);
  });

  it('give the mean of their estimates, its length and its variance', () => {
    // g_1 = (1, 0) · 2/0.25 = (8, 0), g_2 = (0, 2) · 1/0.25 = (0, 8).
    const directions = Float32Array.of(1, 0, 0, 2);
    const found = estimatePairs(directions, Float64Array.of(5, 1, 3, 1), 0.5);
    assert.deepEqual([...found.gradient], [4, 4]);
    assert.equal(found.squaredNorm, 32);
    // Each is (±4, ±4) from the mean: 2 · 32/(2 · 1).
    assert.equal(found.variance, 32);
  });

  it('add to an estimate by other means only what it does not explain', () => {
    const perturbations = Float32Array.of(1, 0, 0, 2);
    const gradients = Float32Array.of(2, 7, 1, 0.5);
    // ⟨ε, c⟩ = 2 and 1, as (L⁺ - L⁻)/2: nothing is left.
    const found = estimatePairs(perturbations, Float64Array.of(5, 1, 3, 1), 0.5, { perturbations, gradients });
    assert.deepEqual([...found.gradient], [1.5, 3.75]);
    const more = estimatePairs(perturbations, Float64Array.of(6, 1, 3, 1), 0.5, { perturbations, gradients });
    // 0.5/0.25 of ε_1, over two pairs.
    assert.deepEqual([...more.gradient], [2.5, 3.75]);
  });

  it('have a signal-to-noise ratio, of sums over meta-iterations', () => {
    const norms = noNorms();
    assert.equal(signalToNoise(norms), null);
    noteSignal(norms, { squaredNorm: 5, variance: 3 }, 2);
    noteSignal(norms, { squaredNorm: 4, variance: 1 }, 0);
    assert.equal(signalToNoise(norms), (9 - 4) / 4);
    assert.equal(norms.replaced, 2);
  });
});
