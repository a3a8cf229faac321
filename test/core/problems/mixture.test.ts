import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { coordinates, type ProblemOf } from '../../../src/contract/problems.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { componentOf } from '../../../src/core/problems/mixture.js';
import { Purpose } from '../../../src/core/random/random.js';
import { madeUpDigits } from './made-up-digits.js';

const mixture = parseJobSpec({
  kind: 'metatrain',
  problem: {
    name: 'mixture',
    components: [
      { problem: { name: 'mnist', hidden: [1], batch: 2, examples: 5 }, weight: 1 },
      { problem: { name: 'noisy', problem: { name: 'parabola', dimension: 3 } }, weight: 2 },
      { problem: { name: 'quadratic', dimension: 4 }, weight: 5 },
    ],
  },
  optimizer: { name: 'lstm' },
}).problem as ProblemOf<'mixture'>;
const draw = (problem: Parameters<typeof sampleFunctions>[0], first: number, count: number) =>
  sampleFunctions(problem, 3, Purpose.validation, first, count, madeUpDigits(3));

describe('a mixture', () => {
  it('spreads its functions evenly over its components, by their weights', () => {
    const owners = Array.from({ length: 4096 }, (_, i) => componentOf(mixture, i));
    const shares = [1 / 8, 2 / 8, 5 / 8];
    // The discrepancy of n points of van der Corput's sequence is at most log2(n) + 1 points.
    for (const n of [8, 64, 100, 1000, 4096])
      for (const [c, share] of shares.entries()) {
        const found = owners.slice(0, n).filter((owner) => owner === c).length;
        assert.ok(Math.abs(found - share * n) <= Math.log2(n) + 1, `${n}, ${c}: ${found}`);
      }
    assert.deepEqual(
      shares.map((_, c) => owners.slice(0, 8).filter((owner) => owner === c).length),
      [1, 2, 5],
    );
    // Eighths: every eighth function is of the same component.
    assert.ok(owners.every((owner, i) => owner === owners[i % 8]));
    assert.equal(componentOf(mixture, 2 ** 40 + 5), owners[5]);
  });

  it('function i is function i of its component, in whatever batch', () => {
    const { parts, places, start, dimension, count } = draw(mixture, 10, 30);
    assert.equal(count, 30);
    assert.equal(dimension, coordinates(mixture));
    assert.deepEqual(
      [...places!.flat()].sort((a, b) => a - b),
      [...Array(30).keys()],
    );
    assert.equal(parts.length, 3);
    let offset = 0;
    for (const [p, part] of parts.entries())
      for (const [i, place] of places![p]!.entries()) {
        const { problem } = mixture.components[componentOf(mixture, 10 + place)]!;
        assert.deepEqual(part.problem, problem);
        for (const alone of [draw(part.problem, 10 + place, 1), draw(mixture, 10 + place, 1)]) {
          const d = alone.dimension;
          assert.equal(alone.places, undefined);
          assert.deepEqual(start.subarray(offset, offset + d), alone.start);
          for (const [name, data] of Object.entries(part.data)) {
            const size = data.length / part.count;
            assert.deepEqual(data.subarray(i * size, (i + 1) * size), alone.data[name]);
          }
          const size = alone.miniBatches?.size ?? 0;
          if (part.miniBatches) {
            const rows = part.miniBatches.rows(7).subarray(i * size, (i + 1) * size);
            assert.deepEqual(rows, alone.miniBatches!.rows(7));
          }
          const noise = part.stepDraws?.at(7).noise;
          assert.deepEqual(noise?.subarray(i * d, (i + 1) * d), alone.stepDraws?.at(7).noise);
        }
        offset += part.dimension;
      }
    assert.equal(offset, start.length);
  });
});
