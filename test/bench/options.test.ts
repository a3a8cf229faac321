import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readOptions } from '../../bench/options.js';
import { allowedCpus } from '../../bench/subject.js';

describe("the benchmark's options", () => {
  it('choose workloads and peers, always including us', () => {
    const options = readOptions(['--only', 'W3,W1', '--peers', 'torch,jax', '--threads', '1', '--rounds', '5']);
    assert.deepEqual(options?.only, ['W1', 'W3']);
    assert.deepEqual(options.peers, ['us', 'jax', 'torch']);
    assert.deepEqual(options.threads, [1]);
    assert.equal(options.rounds, 5);
  });

  it('use one CPU, two, and all of them by default', () => {
    const threads = readOptions([])!.threads;
    const all = allowedCpus().length;
    assert.deepEqual(threads, all <= 2 ? [1, 2].slice(0, all) : [1, 2, all]);
  });

  it('that are invalid are named, with what they take', () => {
    assert.throws(() => readOptions(['--only', 'W9']), /--only W9: expected some of W1, W2.*\n\nnpm run bench --/);
    assert.throws(() => readOptions(['--peers', 'jx']), /--peers jx: expected some of us, bf16, tfjs, jax/);
    assert.throws(() => readOptions(['--rounds', '1.5']), /--rounds 1.5: expected a positive integer/);
    assert.throws(() => readOptions(['--threads', '4096']), /this process may use \d+ CPUs/);
    assert.throws(() => readOptions(['--fast']), /--fast/);
  });
});
