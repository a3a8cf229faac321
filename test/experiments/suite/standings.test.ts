import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ComparisonResults, OptimizerResult } from '../../../src/contract/results.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Suite } from '../../../src/experiments/plan.js';
import { sensitivityOf } from '../../../src/experiments/suite/sensitivity.js';
import { standingsOf } from '../../../src/experiments/suite/standings.js';

const steps = 20;
const ends = Array.from({ length: steps + 1 }, (_, t) => t);

/** An optimizer whose loss falls as 2^(-speed · t/4), the same for each of four functions. */
function falling(
  rule: object | null,
  speed: number,
  tuned: readonly (readonly [number, number])[] = [],
): OptimizerResult {
  const losses = ends.map((t) => 2 ** ((-speed * t) / 4));
  const tail = (losses[steps]! + losses[steps - 1]!) / 2;
  const estimate = { value: tail, low: tail, high: tail };
  const grid = tuned.map(([learningRate, score]) => ({
    learningRate,
    parameters: {},
    score,
    scores: { sum: 0, final: 0, tail: score },
    diverged: score > 100,
  }));
  return {
    label: 'any',
    role: rule ? 'baseline' : 'learned',
    rule,
    tuning: { grid, measure: 'tail', measures: ['tail'], functions: 1, examples: 'training', atEdge: false },
    tail: estimate,
    tailMedian: tail,
    measures: { tail: { mean: estimate, median: tail, difference: null, winRate: null } },
    curve: { mean: losses, quantiles: [], functions: [losses, losses, losses, losses] },
  } as unknown as OptimizerResult;
}

function rulesOf(baselines: readonly object[]): readonly object[] {
  const spec = parseJobSpec({
    kind: 'compare',
    optimizer: { job: 'any' },
    problem: { name: 'simple' },
    comparison: { baselines },
  });
  return spec.comparison!.baselines;
}

const [adam, adamw, cosine] = rulesOf([
  { name: 'adam', learningRate: 0.1 },
  { name: 'adamw', learningRate: 0.1 },
  { name: 'adamw', learningRate: 0.1, schedule: { name: 'cosine' } },
]);

const suite: Suite = {
  tasks: ['a', 'b', 'c'].map((name) => ({ name, title: `Task ${name}`, steps })),
  learned: [{ name: 'mine', title: 'Mine' }],
};

/** Ours at these speeds on the three tasks; Adam at 1, AdamW at 1, with a cosine at 2. */
function results(speeds: readonly number[]): (job: string) => ComparisonResults | null {
  return (job) => {
    const at = ['a-mine', 'b-mine', 'c-mine'].indexOf(job);
    const speed = speeds[at];
    if (speed === undefined) return null;
    const optimizers = [
      falling(null, speed, [
        [0.1, 4],
        [1, 2],
        [10, 200],
      ]),
      falling(adam!, 1),
      falling(adamw!, 1, [
        [0.1, 1],
        [1, 8],
      ]),
      falling(cosine!, 2),
    ];
    return { steps, optimizers } as unknown as ComparisonResults;
  };
}

describe('the standings of a suite', () => {
  it('are speed-ups over each reference, by hand', () => {
    const [mine, first, second, third] = standingsOf(suite, results([2, 2, 2]));
    assert.deepEqual(
      [mine!.title, first!.title, second!.title, third!.title],
      ['Mine', 'Adam', 'AdamW', 'AdamW, cosine'],
    );
    // Windows of two steps, whose middles are at 1.5, 2.5, …, 19.5: ours is at 1's last loss after 9.75, so in the window at 10.5.
    assert.ok(Math.abs((mine!.speedUp.Adam.value as number) - 19.5 / 10.5) < 1e-12);
    assert.equal(mine!.speedUp.AdamW.value, mine!.speedUp.Adam.value);
    assert.equal(mine!.speedUp['AdamW, cosine'].value, 1);
    assert.equal(first!.speedUp.AdamW.value, 1);
    assert.equal(mine!.within, 3);
    assert.equal(mine!.finite, 3);
  });

  it('count a task whose final loss is too high, and one that is not finite', () => {
    const [mine] = standingsOf(suite, results([0.5, Number.NaN, 2]));
    assert.equal(mine!.within, 1);
    assert.equal(mine!.finite, 2);
    assert.equal(mine!.reached, 1 / 3);
    assert.equal(mine!.standings.get('b')!.final, Number.POSITIVE_INFINITY);
    assert.ok(mine!.standings.get('a')!.excess > 1);
    assert.deepEqual(
      mine!.standings.get('a')!.speedUps.Adam.map(({ value, censored }) => [value, censored]),
      [1, 2, 3, 4].map(() => [1, true]),
    );
  });

  it('leave out tasks that are not done', () => {
    const [mine] = standingsOf(suite, results([2, 2]));
    assert.deepEqual([...mine!.standings.keys()], ['a', 'b']);
    assert.deepEqual(
      standingsOf(suite, () => null),
      [],
    );
  });
});

describe('the sensitivity to the learning rate', () => {
  it('is the ratio of each rate’s score to the best of AdamW’s, infinite where it diverged', () => {
    const [mine, adamw] = sensitivityOf(standingsOf(suite, results([2, 2, 2])));
    assert.deepEqual(
      mine!.points.map(({ rate, median }) => [rate, median]),
      [
        [0.1, 4],
        [1, 2],
        [10, Number.POSITIVE_INFINITY],
      ],
    );
    assert.equal(adamw!.title, 'AdamW');
    assert.deepEqual(
      adamw!.points.map(({ median }) => median),
      [1, 8],
    );
  });
});
