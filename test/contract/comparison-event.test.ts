import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparisonEvent, maxEventBytes } from '../../src/contract/comparison-event.js';
import type { ComparisonResults, OptimizerResult } from '../../src/contract/results.js';

const estimate = { value: 1 / 3, low: -1 / 7, high: 1e-300 / 3 };

function optimizer(steps: number, label: string): OptimizerResult {
  const curve = (offset: number) => Array.from({ length: steps + 1 }, (_, t) => offset + t / 3);
  const score = { sum: 1, final: 2, tail: 3 };
  return {
    label,
    rule: null,
    tuning: {
      measure: 'sum',
      measures: ['sum'],
      functions: 1,
      examples: 'training',
      atEdge: false,
      grid: Array.from({ length: 177 }, (_, i) => ({
        learningRate: i / 7,
        parameters: {},
        score: 1,
        scores: score,
        diverged: false,
      })),
    },
    sum: estimate,
    sumDeviation: 1,
    sumMedian: 1,
    final: estimate,
    finalMedian: 1,
    log10MeanFinal: estimate,
    tail: estimate,
    tailMedian: 1,
    curve: {
      mean: curve(0.1),
      quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((probability) => ({ probability, values: curve(probability) })),
    },
    versus: null,
  };
}

function results(steps: number, optimizers: number): ComparisonResults {
  return {
    problem: { name: 'simple' },
    seed: 1,
    steps,
    functions: 2,
    resamples: 100,
    optimizers: Array.from({ length: optimizers }, (_, i) => optimizer(steps, `rule ${i}`)),
  };
}

describe('the event of a comparison', () => {
  it('has the whole results where they fit', () => {
    const small = results(100, 3);
    assert.deepEqual(comparisonEvent(small), { type: 'comparison', results: small });
  });

  it('thins curves that have fewer values than steps already', () => {
    const whole = results(2000, 20);
    for (const { curve } of whole.optimizers) {
      curve.steps = curve.mean.map((_, i) => 25 * i);
      curve.functions = [curve.mean, curve.mean];
    }
    const event = comparisonEvent({ ...whole, steps: 50_000 });
    assert.equal(event.artifact, 'results.json');
    for (const { curve } of event.results.optimizers) {
      assert.equal(curve.functions, undefined);
      assert.deepEqual([curve.steps![0], curve.steps!.at(-1)], [0, 50_000]);
      assert.ok(curve.steps!.every((t) => t % 25 === 0));
      assert.deepEqual(
        curve.mean,
        curve.steps!.map((t) => 0.1 + t / 25 / 3),
      );
    }
  });

  it('has at most 1,000 points per curve of larger results, no grids, and the name of their artifact', () => {
    for (const [steps, optimizers, most] of [
      [20_000, 2, 1000],
      [100_000, 13, 1000],
      [100_000, 97, 1000],
      [999, 20, 1000],
    ] as const) {
      const whole = results(steps, optimizers);
      const event = comparisonEvent(whole);
      assert.equal(event.artifact, 'results.json');
      assert.ok(Buffer.byteLength(JSON.stringify(event)) <= maxEventBytes - 500);
      assert.equal(event.results.optimizers.length, optimizers);
      for (const [i, { label, tuning, curve, sum }] of event.results.optimizers.entries()) {
        const of = whole.optimizers[i]!;
        assert.deepEqual([label, sum, tuning?.grid], [of.label, of.sum, []]);
        const kept = curve.steps ?? of.curve.mean.map((_, t) => t);
        assert.ok(kept.length <= most && kept.length > 10, `${kept.length} points`);
        assert.deepEqual([kept[0], kept.at(-1)], [0, steps]);
        assert.ok(kept.every((t, k) => k === 0 || t > kept[k - 1]!));
        assert.deepEqual(
          curve.mean,
          kept.map((t) => of.curve.mean[t]),
        );
        for (const [q, { values }] of curve.quantiles.entries())
          assert.deepEqual(
            values,
            kept.map((t) => of.curve.quantiles[q]!.values[t]),
          );
      }
    }
  });
});
