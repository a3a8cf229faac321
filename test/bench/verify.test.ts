import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeFixture } from '../../bench/fixture.js';
import { median } from '../../bench/measure.js';
import { judge } from '../../bench/verify.js';
import { unrolls } from '../../bench/workloads.js';
import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import type { FunctionData } from '../reference/problems.js';
import { freshStart, referenceUnroll } from '../reference/unroll.js';
import { lstmSpec } from '../weights/samples.js';

describe("a fixture of the peers' verification", () => {
  it('has the losses that the fp64 reference computes for its functions and weights', async () => {
    for (const { optimizer } of unrolls.slice(0, 3)) {
      const { inputs, answer, size } = await makeFixture('quadratic', optimizer, 3, '');
      const spec = lstmSpec(optimizer as Partial<LstmSpec>);
      const { phi, data } = inputs;
      const { coordinates: d, functions, steps } = size;
      const row = (name: string, index: number) => data[name]!.values.slice(index * d, (index + 1) * d);
      const unrolls = Array.from({ length: functions }, (_, b) => {
        const W = Array.from({ length: d }, (_, i) => row('W', b * d + i));
        const f: FunctionData = { name: 'quadratic', W, y: row('y', b) };
        return referenceUnroll(spec, phi, f, freshStart(spec, row('start', b)), steps).losses;
      });
      answer.losses.forEach((loss, t) => {
        const expected = unrolls.reduce((sum, run) => sum + run[t]!, 0) / functions;
        assert.ok(Math.abs(loss - expected) <= 1e-5 * expected, `step ${t}: ${loss}, reference ${expected}`);
      });
    }
  });

  it('distinguishes a peer that agrees from one that does not', () => {
    const ours = { losses: [2, 1], gradient: [3, 4] };
    assert.ok(judge(ours, { losses: [2.0001, 1], gradient: [3, 4.001] }).agrees);
    // Off by 3e-4 of the loss, or by 2e-3 of the gradient's norm, which is 5.
    assert.equal(judge(ours, { losses: [2, 1.0003], gradient: [3, 4] }).agrees, false);
    assert.equal(judge(ours, { losses: [2, 1], gradient: [3.01, 4] }).agrees, false);
    assert.equal(judge(ours, { losses: [Number.NaN, 1], gradient: [3, 4] }).agrees, false);
    assert.throws(() => judge(ours, { losses: [2], gradient: [3, 4] }), /one loss per step/);
  });
});

describe('the median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 10, 2]), 3);
    assert.throws(() => median([]), RangeError);
  });
});
