import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curveSteps } from '../../../src/contract/comparison.js';
import { fromWire } from '../../../src/contract/schema.js';
import {
  aggregate,
  excess,
  finalLoss,
  runsOf,
  type SmoothCurve,
  smoothed,
  speedUp,
  stepsTo,
} from '../../../src/experiments/suite/scores.js';

describe('smoothed curves', () => {
  it('are means over windows, at the windows’ middles, by hand', () => {
    // Pieces of 2 steps, windows of 4: steps 1-4, 3-6, 5-8.
    const { at, losses } = smoothed([0, 2, 4, 6, 8], [100, 8, 4, 2, 6], 4);
    assert.deepEqual(at, [2.5, 4.5, 6.5]);
    assert.deepEqual(losses, [6, 3, 4]);
  });

  it('weigh pieces of different lengths by their steps', () => {
    const { at, losses } = smoothed([0, 1, 4], [9, 8, 4], 4);
    assert.deepEqual([at, losses], [[2.5], [(8 + 3 * 4) / 4]]);
  });

  it('end with the mean of the last tenth of the steps', () => {
    const steps = 500;
    const f = (t: number) => 1 / (1 + t) + 0.01 * (t % 7);
    const ends = curveSteps(steps, 251);
    const pieces = ends.map((end, i) => {
      const from = i === 0 ? 0 : ends[i - 1]! + 1;
      return Array.from({ length: end - from + 1 }, (_, j) => f(from + j) / (end - from + 1)).reduce(
        (a, b) => a + b,
        0,
      );
    });
    const tail = Array.from({ length: 50 }, (_, i) => f(451 + i) / 50).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(finalLoss(smoothed(ends, pieces, 50)) / tail - 1) < 1e-12);
  });

  it('are refused where the pieces do not make windows', () => {
    assert.throws(() => smoothed([0, 3, 6, 9], [4, 3, 2, 1], 4), /no windows of 4 steps/);
  });

  it('of groups are means over their functions: i, i + 2, …', () => {
    const functions = [
      [9, 1, 1],
      [9, 10, 10],
      [9, 3, 3],
      [9, 30, 30],
    ];
    const curve = { steps: [0, 10, 20], mean: [9, 11, 11], quantiles: [], functions };
    assert.throws(() => runsOf({ curve }, 20, 2), /no windows of 2 steps/);
    const runs = runsOf({ curve: { ...curve, steps: [0, 1, 2] } }, 2, 2);
    assert.deepEqual(
      runs.map(({ losses }) => losses),
      [
        [2, 2],
        [20, 20],
      ],
    );
    assert.throws(() => runsOf({ curve: { mean: [9, 1], quantiles: [] } }, 1), /no curves per function/);
  });
});

describe('the speed-up', () => {
  const curve = (losses: number[]): SmoothCurve => ({ at: losses.map((_, i) => 10 * (i + 1)), losses });

  it('is the ratio of the steps to the reference’s final loss, by hand', () => {
    const reference = curve([8, 4, 2, 1]);
    assert.deepEqual(speedUp(reference, curve([4, 1, 0.5, 0.4])), { value: 2, censored: false });
    assert.deepEqual(speedUp(reference, curve([0.5, 1, 0.5, 0.4])), { value: 4, censored: false });
    assert.deepEqual(speedUp(reference, reference), { value: 1, censored: false });
  });

  it('is censored at the budget', () => {
    assert.deepEqual(speedUp(curve([8, 4, 2, 1]), curve([8, 4, 3, 2])), { value: 1, censored: true });
    // The reference reaches its final loss at half the budget.
    assert.deepEqual(speedUp(curve([8, 1, 2, 1]), curve([8, 4, 3, 2])), { value: 0.5, censored: true });
    assert.deepEqual(speedUp(curve([8, 4, 2, 1]), curve([8, Number.NaN, Number.NaN, Number.NaN])), {
      value: 1,
      censored: true,
    });
  });

  it('takes the lowest loss of a reference that diverged', () => {
    assert.deepEqual(speedUp(curve([8, 4, Infinity, Number.NaN]), curve([4, 1, 1, 1])), { value: 2, censored: false });
  });

  it('is 2 where a run is the reference at twice the speed, in spite of the smoothing', () => {
    // f(t) = (t + 1)^-1/2 and f(2 t), on 1,000 steps in pieces of 4.
    const ends = curveSteps(1000, 251);
    const pieces = (speed: number) =>
      ends.map((end, i) => {
        const from = i === 0 ? 0 : ends[i - 1]! + 1;
        const losses = Array.from({ length: end - from + 1 }, (_, j) => (speed * (from + j) + 1) ** -0.5);
        return losses.reduce((a, b) => a + b, 0) / losses.length;
      });
    const { value } = speedUp(smoothed(ends, pieces(1), 100), smoothed(ends, pieces(2), 100));
    assert.ok(Math.abs(value - 2) < 0.02, String(value));
  });

  it('counts steps to a loss that is never reached as null', () => {
    assert.equal(stepsTo(curve([3, 2]), 1), null);
    assert.equal(stepsTo(curve([3, 2]), 2.5), 20);
  });
});

describe('the excess of a final loss', () => {
  it('is relative to the reference’s magnitude', () => {
    assert.ok(Math.abs(excess(2, 2.1) - 0.05) < 1e-12);
    assert.equal(excess(-2, -1), 0.5);
    assert.equal(excess(0, 0), 0);
    assert.equal(excess(1, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
    assert.equal(excess(Number.POSITIVE_INFINITY, 1), -1);
    assert.equal(excess(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY), 0);
  });
});

describe('the aggregate of a suite', () => {
  it('is the mean of the middle half of all runs, within its interval', () => {
    const scores = [
      [1, 1],
      [2, 2],
      [3, 3],
      [100, 100],
    ];
    const { value, low, high } = aggregate(scores);
    assert.equal(value, (2 + 2 + 3 + 3) / 4);
    assert.ok(fromWire(low) >= 1 && fromWire(low) < 2.5);
    assert.ok(fromWire(high) > 2.5 && fromWire(high) <= 100);
    assert.deepEqual(aggregate(scores), { value, low, high });
  });

  it('is a point where all runs are the same', () => {
    assert.deepEqual(
      aggregate([
        [1.5, 1.5],
        [1.5, 1.5],
      ]),
      { value: 1.5, low: 1.5, high: 1.5 },
    );
  });
});
