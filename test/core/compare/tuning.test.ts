import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { RuleSpec } from '../../../src/contract/optimizers.js';
import { fromWire } from '../../../src/contract/schema.js';
import type { ComparisonSpec, JobSpec, TuningSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import {
  bestRate,
  nextExponent,
  rateAt,
  type TriedRate,
  tryRate,
  tuningResult,
} from '../../../src/core/compare/tuning.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';

const tuning: TuningSpec = { functions: 16, measure: 'sum', ratio: 2, points: 5 };

/** Searches with a given score; an infinite one stands for divergence. */
function search(score: (exponent: number) => number): TriedRate[] {
  const tried: TriedRate[] = [];
  for (let e = nextExponent(tuning, tried); e !== null; e = nextExponent(tuning, tried)) {
    tried.push({ exponent: e, score: score(e), diverged: score(e) === Number.POSITIVE_INFINITY });
    assert.ok(tried.length < 1000, 'the search does not end');
  }
  return tried;
}

describe('the grid of learning rates', () => {
  it('is tried once, around the usual rate, where the best lies inside', () => {
    const exponents = search((e) => (e - 1) ** 2).map((t) => t.exponent);
    assert.deepEqual(exponents, [-2, -1, 0, 1, 2]);
  });

  for (const centre of [-31, -6, -3, -2, 2, 3, 6, 31]) {
    it(`finds a best rate at ratio^${centre}, inside the grid and without a gap or a repeat`, () => {
      const tried = search((e) => (e - centre) ** 2);
      assert.equal(bestRate(tried)?.exponent, centre);
      const exponents = tried.map((t) => t.exponent).sort((a, b) => a - b);
      assert.ok(exponents[0]! < centre && centre < exponents.at(-1)!);
      assert.deepEqual(
        exponents,
        Array.from(exponents, (_, i) => exponents[0]! + i),
      );
    });
  }

  it('takes a cliff of divergence for an inside', () => {
    // Better and better up to 2, beyond which everything diverges.
    const tried = search((e) => (e > 2 ? Number.POSITIVE_INFINITY : -e));
    assert.equal(bestRate(tried)?.exponent, 2);
    assert.ok(tried.some((t) => t.exponent > 2));
  });

  it('goes down from a grid on which everything diverges', () => {
    const tried = search((e) => (e > -9 ? Number.POSITIVE_INFINITY : -e));
    assert.equal(bestRate(tried)?.exponent, -9);
  });

  it('ends, with no best rate, where every rate diverges', () => {
    const tried = search(() => Number.POSITIVE_INFINITY);
    assert.equal(bestRate(tried), undefined);
    assert.ok(tried.length <= 165);
  });

  it('ends where the measure falls for ever', () => {
    assert.ok(search((e) => -e).length <= 165);
    assert.ok(search((e) => e).length <= 165);
  });
});

describe('a rate that is tried', () => {
  let engine: Engine;
  before(async () => {
    engine = await selectEngine({ name: 'tfjs', backend: 'cpu' });
  });
  const rule: RuleSpec = { name: 'sgd', learningRate: 'tuned' };

  function job(problem: object, comparison: object): [JobSpec, ComparisonSpec] {
    const document = { kind: 'compare', optimizer: { job: 'any' }, problem, comparison };
    const spec = parseJobSpec(document);
    return [spec, spec.comparison!];
  }

  it('scores the sum or the final loss in closed form: f(θ_t) = (1 - 2α)^{2t} on f = x²', async () => {
    const alpha = rateAt(rule, tuning, -1);
    assert.equal(alpha, 0.05);
    for (const measure of ['sum', 'final'] as const) {
      const [spec, comparison] = job({ name: 'simple' }, { steps: 5, tuning: { ...tuning, measure } });
      const { score, diverged } = await tryRate(engine, {}, spec, comparison, rule, -1);
      const r = 0.9 ** 2;
      const expected = measure === 'sum' ? (1 - r ** 5) / (1 - r) : r ** 5;
      assert.ok(Math.abs(score - expected) < 1e-6, `${measure}: ${score}, expected ${expected}`);
      assert.equal(diverged, false);
    }
  });

  it('is out where it ends above a hundred times the start, finite or not', async () => {
    const [spec, comparison] = job({ name: 'simple' }, { steps: 60, tuning });
    // α = 0.1 · 2⁴ = 1.6: |1 - 2α| = 2.2, and 2.2^120 overflows fp32 (its largest is 2^128 ≈ 2.2^112).
    const overflown = await tryRate(engine, {}, spec, comparison, rule, 4);
    assert.deepEqual(overflown, { exponent: 4, score: Number.POSITIVE_INFINITY, diverged: true });
    const [short, shortly] = job({ name: 'simple' }, { steps: 4, tuning });
    // 2.2^8 = 549 times the start.
    assert.equal((await tryRate(engine, {}, short, shortly, rule, 4)).diverged, true);
    // α = 0.8: |1 - 2α| = 0.6 converges.
    assert.equal((await tryRate(engine, {}, short, shortly, rule, 3)).diverged, false);
  });

  it('is out where it diverges on one function of many', async () => {
    // SGD on a·x² diverges above 1/a; a = s² is up to 2.25 for the parabola, so near α = 0.6 some functions diverge.
    const [spec, comparison] = job(
      { name: 'parabola', dimension: 1 },
      { steps: 100, tuning: { ...tuning, functions: 500 } },
    );
    const at = (alpha: number) => tryRate(engine, {}, spec, comparison, rule, Math.log2(alpha / 0.1));
    assert.equal((await at(0.44)).diverged, false);
    assert.equal((await at(0.55)).diverged, true);
  });

  it('comes back in the results in ascending order, what is infinite as a string', () => {
    const tried = [2, -1, 0].map((exponent) => ({
      exponent,
      score: exponent === 2 ? Infinity : 1,
      diverged: exponent === 2,
    }));
    const { grid } = tuningResult(rule, tuning, tried);
    assert.deepEqual(
      grid.map((g) => g.learningRate),
      [0.05, 0.1, 0.4],
    );
    assert.equal(grid[2]!.score, 'Infinity');
    assert.equal(fromWire(grid[2]!.score), Infinity);
  });
});
