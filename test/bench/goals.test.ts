import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkGoals, type Goal } from '../../bench/goals.js';
import type { Line } from '../../bench/measure.js';
import type { PeerName } from '../../bench/peers.js';

const goal: Goal = {
  workload: 'W1',
  measure: 'time',
  against: ['torch', 'torch-compile'],
  atLeast: { avx512: 5, otherwise: 2.5 },
};

function line(peer: PeerName, median: number, more: Partial<Line> = {}): Line {
  return {
    workload: 'W1',
    peer,
    threads: 1,
    steps: 20,
    coordinates: 10,
    form: '',
    version: '',
    median,
    low: median,
    high: median,
    processorTime: median,
    count: 1,
    peakMemory: 1e8,
    forms: {},
    failure: null,
    ...more,
  };
}

const on = (instructionSet: string): Partial<Line> => ({
  engine: { engine: 'native', backend: 'cpu', version: '1', instructionSet, threads: 1 },
});

describe("the benchmark's goals", () => {
  it('compare the best line of each side', () => {
    const lines = [
      line('us', 2, on('avx512')),
      line('us', 1, { ...on('avx512'), threads: 2 }),
      line('torch', 9),
      line('torch-compile', 6),
      line('jax', 0.1),
    ];
    const [result] = checkGoals([goal], lines);
    assert.equal(result?.reached, 6);
    assert.equal(result.wanted, 5);
    assert.ok(result.met);
  });

  it('require half if AVX-512 was not used', () => {
    const lines = [line('us', 1, on('avx2')), line('torch', 3)];
    assert.ok(checkGoals([goal], lines)[0]?.met);
    const [result] = checkGoals([goal], [line('us', 1, on('avx512')), line('torch', 3)]);
    assert.equal(result?.met, false);
  });

  it('compare our highest memory with the lowest of the others', () => {
    const lines = [
      line('us', 1, { peakMemory: 1e8 }),
      line('us', 1, { peakMemory: 2e8, threads: 2 }),
      line('torch', 1, { peakMemory: 9e8 }),
      line('torch', 1, { peakMemory: 8e8, threads: 2 }),
    ];
    assert.equal(checkGoals([{ ...goal, measure: 'memory' }], lines)[0]?.reached, 4);
  });

  it('are missed if either side ran without a figure, and left out if it did not run', () => {
    const failed = { failure: 'not there yet', median: Number.NaN };
    assert.equal(checkGoals([goal], [line('us', 1, failed), line('torch', 3)])[0]?.met, false);
    assert.equal(checkGoals([goal], [line('us', 1), line('torch', 3, failed)])[0]?.met, false);
    assert.deepEqual(checkGoals([goal], [line('us', 1), line('jax', 3)]), []);
    assert.deepEqual(checkGoals([{ ...goal, workload: 'W2' }], [line('us', 1), line('torch', 3)]), []);
  });

  it('may be set for AVX-512 only: elsewhere the ratio is reported', () => {
    const only: Goal = { ...goal, atLeast: { avx512: 5, otherwise: null } };
    const [elsewhere] = checkGoals([only], [line('us', 1, on('avx2')), line('torch', 3)]);
    assert.deepEqual([elsewhere?.wanted, elsewhere?.reached, elsewhere?.met], [null, 3, true]);
    assert.equal(checkGoals([only], [line('us', 1, on('avx512')), line('torch', 3)])[0]?.met, false);
  });

  it('may be nanoseconds per coordinate and step', () => {
    const absolute: Goal = { workload: 'W1', measure: 'coordinate', atMost: { avx512: 5, otherwise: null } };
    // 20 steps of 10 coordinates in 0.0012 ms are 6 ns each.
    const found = (ms: number, set: string) => checkGoals([absolute], [line('us', ms, on(set))])[0];
    assert.ok(Math.abs(found(0.0012, 'avx512')!.reached! - 6) < 1e-9);
    assert.equal(found(0.0012, 'avx512')?.met, false);
    assert.equal(found(0.0008, 'avx512')?.met, true);
    assert.equal(found(0.0012, 'avx2')?.met, true);
    assert.deepEqual(checkGoals([absolute], [line('torch', 1)]), []);
  });
});
