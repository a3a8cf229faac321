import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validationHorizon } from '../../../src/contract/curriculum.js';
import type { ScheduleSpec, TrainingSpec } from '../../../src/contract/training.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { placeOf } from '../../../src/core/metatrain/curriculum.js';
import { learningRateAt } from '../../../src/core/metatrain/schedule.js';

function training(fields: object): TrainingSpec {
  const spec = parseJobSpec({
    kind: 'metatrain',
    problem: { name: 'simple' },
    optimizer: { name: 'lstm' },
    training: fields,
  });
  assert.ok(spec.kind === 'metatrain');
  return spec.training;
}

const rates = (schedule: object, at: number[], rest: object = {}) => {
  const spec = training({ iterations: 1000, learningRate: 0.4, schedule: schedule as ScheduleSpec, ...rest });
  return at.map((i) => learningRateAt(spec, i));
};
const near = (found: number[], expected: number[]) =>
  assert.ok(
    found.length === expected.length && found.every((x, i) => Math.abs(x - expected[i]!) < 1e-12),
    `${found}, expected ${expected}`,
  );

describe('a schedule of the learning rate', () => {
  it('is constant by default, to the bit', () => {
    const spec = training({ learningRate: 0.1 + 0.2 });
    assert.ok([0, 1, 999].every((i) => learningRateAt(spec, i) === 0.1 + 0.2));
  });

  it('cosine: whole at first, half between, a fraction at the end', () => {
    // (1 + cos(π/3))/2 = 3/4.
    near(rates({ name: 'cosine' }, [0, 500, 1000]), [0.4, 0.2, 0]);
    near(rates({ name: 'cosine' }, [1000 / 3]), [0.3]);
    near(rates({ name: 'cosine', finalFraction: 0.5 }, [0, 500, 1000]), [0.4, 0.3, 0.2]);
  });

  it('exponential: evenly, or in steps', () => {
    near(rates({ name: 'exponential', factor: 0.25, every: 100 }, [0, 50, 100, 200]), [0.4, 0.2, 0.1, 0.025]);
    const steps = { name: 'exponential', factor: 0.1, every: 100, staircase: true };
    near(rates(steps, [0, 99, 100, 199, 200]), [0.4, 0.4, 0.04, 0.04, 0.004]);
  });

  it('warms up linearly, under any of them', () => {
    near(rates({ name: 'constant', warmup: 4 }, [0, 1, 2, 3, 4, 5]), [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]);
    const [warm] = rates({ name: 'cosine', warmup: 1000 }, [499]);
    const [plain] = rates({ name: 'cosine' }, [499]);
    near([warm!], [plain! / 2]);
  });
});

describe('a curriculum', () => {
  const spec = training({
    iterations: 100,
    horizon: 10,
    unroll: 5,
    curriculum: [
      { from: 5, horizon: 20, unroll: 10 },
      { from: 8, horizon: 40, unroll: 10 },
    ],
  });

  it('gives the place of each meta-iteration, and no stage shares another’s functions', () => {
    const places = Array.from({ length: 13 }, (_, i) => placeOf(spec, i));
    // The first stage ends in the middle of its third horizon, the second in the middle of its second.
    assert.deepEqual(
      places.map((p) => p.step),
      [0, 5, 0, 5, 0, 0, 10, 0, 0, 10, 20, 30, 0],
    );
    assert.deepEqual(
      places.map((p) => p.episode),
      [0, 0, 1, 1, 2, 3, 3, 4, 5, 5, 5, 5, 6],
    );
    assert.deepEqual(
      places.map((p) => p.unroll),
      [5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 10, 10, 10],
    );
  });

  it('begins with fresh functions where an imitation ends, and nowhere else', () => {
    const rule = { name: 'sgd', learningRate: 0.1 };
    const imitating = (iterations: number) => training({ ...spec, iterations: 100, imitation: { rule, iterations } });
    // In the middle of the first stage's second horizon, and of the last one's first.
    const steps = (iterations: number) => Array.from({ length: 13 }, (_, i) => placeOf(imitating(iterations), i).step);
    assert.deepEqual(steps(3), [0, 5, 0, 0, 5, 0, 10, 0, 0, 10, 20, 30, 0]);
    assert.deepEqual(steps(10), [0, 5, 0, 5, 0, 0, 10, 0, 0, 10, 0, 10, 20]);
    const episodes = Array.from({ length: 13 }, (_, i) => placeOf(imitating(10), i).episode);
    assert.deepEqual(episodes, [0, 0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 6, 6]);
    assert.equal(placeOf(imitating(10), 12).unroll, 10);
    // If a stage or a horizon begins there anyway, nothing changes.
    for (const iterations of [2, 4, 5, 8, 12])
      for (let i = 0; i < 13; i++) assert.deepEqual(placeOf(imitating(iterations), i).step, placeOf(spec, i).step);
    assert.equal(validationHorizon(imitating(100)), 40);
  });

  it('is validated over the last stage’s horizon, or over a given one', () => {
    assert.equal(validationHorizon(spec), 40);
    assert.equal(validationHorizon(training({ horizon: 20 })), 20);
    assert.equal(validationHorizon({ ...spec, validation: { ...spec.validation, horizon: 7 } }), 7);
  });

  it('is refused if a stage does not come after the previous one, or its unroll does not fit', () => {
    const refused = (fields: object, pointer: string) =>
      assert.throws(
        () => training(fields),
        (error: { errors: { pointer: string }[] }) => error.errors.some((e) => e.pointer === pointer),
      );
    const stage = (from: number, horizon = 20, unroll = 20) => ({ from, horizon, unroll });
    refused({ curriculum: [stage(5), stage(5)] }, '/training/curriculum/1/from');
    refused({ curriculum: [stage(0)] }, '/training/curriculum/0/from');
    refused({ curriculum: [stage(5, 20, 15)] }, '/training/curriculum/0/unroll');
    refused({ horizon: 2, unroll: 2, metaLoss: [1, 1, 1], curriculum: [stage(5)] }, '/training/metaLoss');
  });
});
