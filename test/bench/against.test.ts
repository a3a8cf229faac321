import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compareBuilds, ratioOf } from '../../bench/against.js';
import type { Setting } from '../../bench/measure.js';
import { readOptions } from '../../bench/options.js';
import { workloads } from '../../bench/workloads.js';
import { root } from '../e2e/processes.js';

const setting: Setting = {
  root,
  python: null,
  peers: ['us'],
  threads: [1],
  rounds: 1,
  firstFormOnly: false,
  effort: { digits: '', cache: '', warmUp: 1, atLeast: 3, seconds: 0 },
  limits: { memory: 2 ** 32, time: 120 },
  progress: () => {},
};
const skip = existsSync('/proc/self/status') ? false : 'the benchmark needs Linux';

describe('builds compared by processor time', { skip }, () => {
  it('give the geometric mean of their ratios, with an interval from their spread', () => {
    const pairs = (...ratios: number[]) => ratios.map((ratio) => ({ ours: 3 * ratio, other: 3 }));
    const close = (found: number, wanted: number) => assert.ok(Math.abs(found - wanted) < 1e-12, `${found}`);
    const same = ratioOf(pairs(1.25, 1.25, 1.25));
    for (const value of Object.values(same)) close(value, 1.25);
    close(ratioOf(pairs(2, 0.5, 4, 0.25)).value, 1);
    // The mean of n logarithms of ±d is within 1.96 d/√n of 0 in 95 % of cases.
    const n = 64;
    const { low, high } = ratioOf(pairs(...Array.from({ length: n }, (_, i) => Math.exp(i % 2 ? 0.1 : -0.1))));
    for (const end of [-Math.log(low), Math.log(high)]) assert.ok(Math.abs(end - (1.96 * 0.1) / 8) < 0.004, `${end}`);
  });

  it('run in pairs of equal blocks, each in its own process', async () => {
    const { pairs, ours, other, ratio } = await compareBuilds(workloads[0]!, { ours: root, other: root }, 1, setting);
    assert.equal(pairs.length, 2);
    for (const time of [ours, other, ...pairs.flatMap((pair) => [pair.ours, pair.other])])
      assert.ok(time > 0 && time < 60_000, `${time}`);
    assert.ok(ratio.low <= ratio.value && ratio.value <= ratio.high);
  });

  it('must exist', async () => {
    const builds = { ours: root, other: '/nowhere' };
    await assert.rejects(compareBuilds(workloads[0]!, builds, 1, setting), /--against \/nowhere: .* run npm run setup/);
  });

  it('are requested by an option, on one CPU by default', () => {
    const options = readOptions(['--only', 'W1,W2', '--against', '../before']);
    assert.deepEqual([options?.against, options?.threads, options?.rounds], ['../before', [1], 8]);
    assert.equal(readOptions([])?.against, null);
  });
});
