import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type TuningSpec, tunedMeasures } from '../../../src/contract/comparison.js';
import type { Measure } from '../../../src/contract/measures.js';
import type { RuleSpec } from '../../../src/contract/optimizers.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { bestRates, nextExponent, rateAt, survivors, type TriedRate } from '../../../src/core/compare/grid.js';
import { type TunedBaseline, tunedBaselines } from '../../../src/core/compare/tuned-baselines.js';
import { Tuning, type TuningState } from '../../../src/core/compare/tuning.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { FunctionChunks } from '../../../src/core/optimise/functions.js';
import type { Learned } from '../../../src/core/optimise/learned-method.js';
import { eachMeasure } from '../../../src/core/optimise/measures.js';
import { ruleOf } from '../../../src/core/optimizers/registry.js';
import { Purpose } from '../../../src/core/random/random.js';
import { lstmSpec } from '../../weights/samples.js';

const tuning: TuningSpec = {
  functions: 16,
  measure: 'sum',
  measures: null,
  ratio: 2,
  points: 5,
  parameters: {},
  examples: 'training',
};
const rule: RuleSpec = { name: 'sgd', learningRate: 'tuned' };
const { usualRate } = ruleOf(rule);
const learned: Learned = { spec: lstmSpec({ layers: [] }), phi: Float32Array.of(-0.1, 0) };
const { POSITIVE_INFINITY: infinity } = Number;

/** Scores of standing still: above those of every rate in these searches. */
const still = eachMeasure(() => 1e9);

/** Searches with given scores; infinite ones mean divergence. */
function search(score: (exponent: number, measure: Measure) => number, spec = tuning): TriedRate[] {
  const tried: TriedRate[] = [];
  const given = { usualRate, tuning: spec, measures: tunedMeasures(spec), still };
  for (let e = nextExponent(given, tried); e !== null; e = nextExponent(given, tried)) {
    const exponent = e;
    const scores = eachMeasure((measure) => score(exponent, measure));
    tried.push({ exponent, scores, rise: scores.sum === infinity ? infinity : 0, fall: 1 });
    assert.ok(tried.length < 1000, 'the search does not end');
  }
  return tried;
}

/** The exponent of the best rate. */
function best(tried: readonly TriedRate[], measure: Measure): number | undefined {
  return bestRates(survivors(tried), measure)[0]?.exponent;
}

describe('the grid of learning rates', () => {
  it('is tried once, around the usual rate, if the best is inside', () => {
    const exponents = search((e) => (e - 1) ** 2).map((t) => t.exponent);
    assert.deepEqual(exponents, [-2, -1, 0, 1, 2]);
  });

  for (const centre of [-31, -6, -3, -2, 2, 3, 6, 20]) {
    it(`finds a best rate at ratio^${centre}, inside the grid and without a gap or a repeat`, () => {
      const tried = search((e) => (e - centre) ** 2);
      assert.equal(best(tried, 'sum'), centre);
      const exponents = tried.map((t) => t.exponent).sort((a, b) => a - b);
      assert.ok(exponents[0]! < centre && centre < exponents.at(-1)!);
      assert.deepEqual(
        exponents,
        Array.from(exponents, (_, i) => exponents[0]! + i),
      );
    });
  }

  it('counts a best rate next to divergence as inside', () => {
    // Better and better up to 2, beyond which everything diverges.
    const tried = search((e) => (e > 2 ? infinity : -e));
    assert.equal(best(tried, 'sum'), 2);
    assert.ok(tried.some((t) => t.exponent > 2));
  });

  it('goes down from a grid on which everything diverges', () => {
    const tried = search((e) => (e > -9 ? infinity : -e));
    assert.equal(best(tried, 'sum'), -9);
  });

  it('ends, with no best rate, where every rate diverges', () => {
    const tried = search(() => infinity);
    assert.equal(best(tried, 'sum'), undefined);
    assert.ok(tried.length <= 165);
  });

  it('ends where the measure falls for ever: upwards at the greatest rate that a document may give', () => {
    const rates = search((e) => -e).map(({ exponent }) => rateAt(usualRate, tuning, exponent));
    assert.equal(Math.max(...rates), 0.1 * 2 ** 23);
    assert.ok(search((e) => e).length <= 165);
  });

  it('holds no rate above that from its beginning', () => {
    const wide = { ...tuning, points: 81, ratio: 10 };
    const rates = search((e) => e ** 2, wide).map(({ exponent }) => rateAt(usualRate, wide, exponent));
    assert.equal(rates.length, 48);
    assert.ok(rates.every((rate) => rate <= 1e6));
  });

  it('grows upwards where all tie, and not below a rate that stands still', () => {
    const ties = search((e) => (e > 9 ? -e : 1e9)).map(({ exponent }) => exponent);
    assert.ok(Math.max(...ties) > 9 && Math.min(...ties) === -2);
    const worse = search((e) => (e < -9 ? 1e9 : 2e9 + e)).map(({ exponent }) => exponent);
    assert.deepEqual([Math.min(...worse), Math.max(...worse)], [-10, 2]);
  });

  it('tries nothing if even standing still is not finite', () => {
    const given = { usualRate, tuning, measures: ['sum'] as Measure[], still: eachMeasure(() => infinity) };
    assert.equal(nextExponent(given, []), null);
  });
});

describe('a grid for several measures', () => {
  const all = { ...tuning, measures: ['sum', 'tail', 'final'] as Measure[] };

  it('grows until the best rate for each of them is inside', () => {
    const centres = { sum: -7, tail: 0, final: 9 };
    const tried = search((e, measure) => (e - centres[measure]) ** 2, all);
    const exponents = tried.map((t) => t.exponent).sort((a, b) => a - b);
    for (const measure of ['sum', 'tail', 'final'] as const) {
      assert.equal(best(tried, measure), centres[measure]);
      assert.ok(exponents[0]! < centres[measure] && centres[measure] < exponents.at(-1)!);
    }
    // One run of a rate gives all the measures: none is tried twice.
    assert.equal(new Set(exponents).size, exponents.length);
  });

  it('considers only the requested ones', () => {
    const centres = { sum: 0, tail: 30, final: -30 };
    const tried = search((e, measure) => (e - centres[measure]) ** 2);
    assert.equal(tried.length, tuning.points);
  });
});

describe('tuning', () => {
  let engine: Engine;
  before(async () => {
    engine = await selectEngine({ name: 'tfjs', backend: 'cpu' });
  });

  interface Tuned {
    tried: TriedRate[][];
    baselines: TunedBaseline[][];
  }

  /** @param stops whether to resume from a copy of the state whenever it has changed */
  async function tune(problem: object, comparison: object, stops = false): Promise<Tuned> {
    const spec = parseJobSpec({ kind: 'compare', optimizer: { job: 'any' }, problem, comparison });
    const { baselines, tuning } = spec.comparison!;
    const open = (state: TuningState) => {
      const functions = new FunctionChunks(spec, {}, Purpose.tuning, tuning.functions, tuning.examples);
      return new Tuning(engine, functions, spec.comparison!, learned, state);
    };
    let state: TuningState = Tuning.begin(spec.comparison!);
    let run = open(state);
    for (let pieces = 0; !run.isOver; pieces++) {
      const before = structuredClone(state);
      await run.advance();
      assert.ok(run.done <= run.total && pieces < 1e6);
      if (!stops || isDeepStrictEqual(state, before)) continue;
      run.dispose();
      state = structuredClone(state);
      run = open(state);
    }
    return { tried: state.tried, baselines: baselines.map((_, i) => tunedBaselines(spec.comparison!, state, i)) };
  }

  it('scores all three measures in closed form: f(θ_t) = (1 - 2α)^{2t} on f = x²', async () => {
    const comparison = { steps: 23, baselines: [rule], tuning: { ...tuning, points: 3 } };
    const { tried } = await tune({ name: 'simple' }, comparison);
    assert.equal(rateAt(usualRate, tuning, -1), 0.05);
    const { scores, rise, fall } = tried[0]!.find(({ exponent }) => exponent === -1)!;
    const r = 0.9 ** 2;
    // A tenth of 23 steps, cut down: t = 22 and 23.
    const expected = { sum: (1 - r ** 23) / (1 - r), final: r ** 23, tail: (r ** 22 + r ** 23) / 2 };
    for (const measure of ['sum', 'final', 'tail'] as const) {
      const error = Math.abs(scores[measure] - expected[measure]);
      assert.ok(error < 1e-6, `${measure}: ${scores[measure]}, expected ${expected[measure]}`);
    }
    assert.equal(rise, 0);
    assert.ok(Math.abs(fall - (1 - r ** 23)) < 1e-6, `${fall}`);
  });

  it('throws out a rate that rises by more than a hundred times what the best one falls by, finite or not', async () => {
    // α = 0.1 · 2⁴ = 1.6: |1 - 2α| = 2.2, and 2.2^120 overflows fp32 (its largest is 2^128 ≈ 2.2^112); 2.2^8 = 549.
    for (const steps of [60, 4]) {
      const { baselines } = await tune({ name: 'simple' }, { steps, baselines: [rule], tuning });
      const at = (rate: number) =>
        baselines[0]![0]!.tuning.grid.find((g) => Math.abs(g.learningRate / rate - 1) < 1e-9);
      const { diverged, scores } = at(1.6)!;
      assert.deepEqual({ diverged, scores }, { diverged: true, scores: eachMeasure(() => 'Infinity') });
      // α = 0.8: |1 - 2α| = 0.6 converges.
      assert.equal(at(0.8)!.diverged, false);
    }
  });

  it('discards a rate that diverges on one function of many', async () => {
    // SGD on a·x² diverges above 1/a; a = s² is up to 2.25 for the parabola, so near α = 0.5 some functions diverge.
    const { baselines } = await tune(
      { name: 'parabola', dimension: 1 },
      { steps: 100, baselines: [rule], tuning: { ...tuning, functions: 500, ratio: 1.1 } },
    );
    for (const { learningRate: alpha, diverged } of baselines[0]![0]!.tuning.grid) {
      if (alpha < 0.44) assert.equal(diverged, false, `${alpha}`);
      if (alpha > 0.47) assert.equal(diverged, true, `${alpha}`);
    }
    assert.ok(baselines[0]![0]!.rule.learningRate < 0.47);
  });

  it('gives each distinct rate once, with the measures it is best for', async () => {
    const { baselines } = await tune(
      { name: 'quadratic', distribution: 'uniform', dimension: 3 },
      { steps: 10, baselines: [{ name: 'adam' }], tuning: { functions: 50, measures: ['final', 'sum', 'tail'] } },
    );
    const found = baselines[0]!;
    const rates = found.map(({ rule }) => rule.learningRate);
    assert.ok(new Set(rates).size === rates.length && rates.length > 1, `${rates}`);
    assert.deepEqual(found.flatMap(({ tuning }) => tuning.measures).sort(), ['final', 'sum', 'tail']);
    for (const { rule, tuning } of found) {
      assert.equal(tuning.measure, tuning.measures[0]);
      assert.equal(tuning.atEdge, false);
      const ascending = tuning.grid.map((g) => g.learningRate);
      assert.deepEqual(
        ascending,
        [...ascending].sort((a, b) => a - b),
      );
      for (const measure of tuning.measures) {
        const best = tuning.grid.reduce((a, b) => (Number(b.scores[measure]) < Number(a.scores[measure]) ? b : a));
        assert.equal(best.learningRate, rule.learningRate);
      }
      for (const { score, scores } of tuning.grid) assert.equal(score, scores[tuning.measure]);
    }
  });

  it('crosses rates with the values of other parameters, of the rules that have them', async () => {
    const comparison = {
      steps: 30,
      baselines: [{ name: 'nag' }, { name: 'sgd' }],
      tuning: { functions: 30, points: 9, parameters: { momentum: [0, 0.5, 0.99], beta1: [0.5] } },
    };
    const { tried, baselines } = await tune({ name: 'quadratic', distribution: 'uniform', dimension: 3 }, comparison);
    assert.equal(tried.length, 3 + 1);
    const [nag, sgd] = baselines.map(([found]) => found!);
    assert.deepEqual(sgd!.parameters, {});
    const { momentum } = nag!.parameters as { momentum: number };
    assert.ok(nag!.rule.name === 'nag' && nag!.rule.momentum === momentum);
    const scoresOf = (m: number) =>
      nag!.tuning.grid.filter((g) => g.parameters.momentum === m).map((g) => Number(g.score));
    assert.equal(Math.min(...scoresOf(momentum)), Math.min(...[0, 0.5, 0.99].flatMap(scoresOf)));
    // Without momentum, NAG is gradient descent: usual rates differ by a factor of 10, which 8 steps of the ratio make.
    const atRate = (found: TunedBaseline, m?: number) =>
      found.tuning.grid.filter((g) => g.parameters.momentum === m).map((g) => [g.learningRate.toPrecision(6), g.score]);
    const descent = new Map(atRate(sgd!) as [string, number][]);
    const common = atRate(nag!, 0).filter(([rate]) => descent.has(rate as string));
    assert.ok(common.length >= 3);
    for (const [rate, score] of common) {
      const error = Math.abs(Number(score) / descent.get(rate as string)! - 1);
      assert.ok(error < 1e-4 || score === 'Infinity', `${rate}: ${score}, ${descent.get(rate as string)}`);
    }
  });

  it('resumes in the middle of a rate, bit for bit', async () => {
    // 700 functions of 30 coordinates are three chunks.
    const comparison = { steps: 5, baselines: [{ name: 'nag' }], tuning: { ...tuning, functions: 700 } };
    const problem = { name: 'parabola', dimension: 30 };
    assert.deepEqual(await tune(problem, comparison, true), await tune(problem, comparison));
  });
});
