import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { timeTraining, wholeTraining } from '../../bench/training-time.js';
import type { MetatrainSpec } from '../../src/contract/spec.js';
import { parseJobSpec } from '../../src/contract/validate.js';

describe('the time of a whole training', () => {
  it('is that of all meta-iterations and of all validations', () => {
    const timed = { start: 3, iterations: [0.5, 1.5], validations: [2, 4] };
    const { training } = parse({ iterations: 101, validation: { every: 50 } });
    // 3 + 100 · 1, and validations of 3 s at 0, 50, 100 and 101.
    assert.equal(wholeTraining(timed, training), 115);
  });

  it('is measured over the first meta-iterations, without the validations between them', async () => {
    const spec = parse({ iterations: 1000, validation: { every: 5, functions: 4 } });
    const { engine, elapsed, processor } = await timeTraining(spec, 12);
    assert.match(engine, /native|tfjs/);
    for (const { start, iterations, validations } of [elapsed, processor]) {
      assert.equal(iterations.length, 11);
      assert.equal(validations.length, 3);
      // Processor time may be counted in ticks of some milliseconds.
      assert.ok([start, ...iterations, ...validations].every((seconds) => seconds >= 0));
    }
    assert.ok(elapsed.iterations.every((seconds) => seconds > 0));
  });
});

function parse(training: object): MetatrainSpec {
  const optimizer = { name: 'lstm', layers: [4] };
  const document = { kind: 'metatrain', problem: { name: 'parabola' }, optimizer, training, comparison: null };
  return parseJobSpec(document) as MetatrainSpec;
}
