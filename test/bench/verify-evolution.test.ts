import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stepArrays } from '../../bench/evolution-fixture.js';
import { judgeEvolution } from '../../bench/verify-evolution.js';

describe('a form of evolution strategies or of a step', () => {
  const reference = { losses: [2, 1], estimate: [3, 4] };
  const judged = (losses: number[], estimate: number[]) => judgeEvolution(reference, { losses, estimate }, []);

  it('agrees with the reference to 1e-5 of a loss and 1e-3 of the estimate', () => {
    assert.ok(judged([2.00001, 1], [3, 4.004]).agrees);
    assert.equal(judged([2, 1.0001], [3, 4]).agrees, false);
    assert.equal(judged([2, 1], [3.01, 4]).agrees, false);
    assert.equal(judged([2, Number.NaN], [3, 4]).agrees, false);
    assert.equal(judged([2], [3, 4]).agrees, false);
    assert.equal(judgeEvolution(reference, { theta: [1] }, []).agrees, false);
  });

  it('agrees to 1e-4 of how far θ has moved, not of θ', () => {
    const arrays = stepArrays();
    const start = [...arrays.find(({ name }) => name === 'theta')!.data];
    // Five steps of 1e-3 move each coordinate by some 5e-3.
    const moved = (by: number) => ({ theta: start.map((x) => x + by) });
    assert.ok(judgeEvolution(moved(5e-3), moved(5e-3 * (1 + 5e-5)), arrays).agrees);
    assert.equal(judgeEvolution(moved(5e-3), moved(5e-3 * (1 + 2e-4)), arrays).agrees, false);
  });
});
