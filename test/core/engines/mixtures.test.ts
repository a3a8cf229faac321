import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { rescaledBy } from '../../../src/contract/mixtures.js';
import type { LearnedSpec } from '../../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../../src/contract/problems.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine, Objective } from '../../../src/core/engines/engine.js';
import { withMixtures } from '../../../src/core/engines/mixtures.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { nativeMissing } from '../../support/native.js';
import { lstmSpec } from '../../weights/samples.js';
import { madeUpDigits } from '../problems/made-up-digits.js';
import { group, groups, randomPhi, rules } from './cases.js';

const digits = { name: 'mnist', hidden: [2], activation: 'tanh', batch: 3, examples: null } as const;
const plain = parseJobSpec({
  kind: 'metatrain',
  problem: {
    name: 'mixture',
    components: [
      { problem: { name: 'quadratic', dimension: 4, distribution: 'normal' } },
      { problem: digits, weight: 0.5 },
      { problem: { name: 'rosenbrock', dimension: 3 } },
      { problem: { name: 'noisy', problem: { name: 'parabola', dimension: 6 } } },
    ],
  },
  optimizer: { name: 'lstm' },
}).problem;
const mixture = rescaledBy(plain, { range: 0.5, per: 'tensor' });
const count = 12;
/** The seed is fixed: a chaotic unroll amplifies rounding. */
const draw = (problem: ProblemSpec, first = 0, functions = count) =>
  sampleFunctions(problem, 5, Purpose.training, first, functions, madeUpDigits(5));
const widths = [1, 3].map((units): ProblemSpec => ({ ...digits, hidden: [units] }));
const optimizers: [string, LearnedSpec, ProblemSpec][] = [
  ['a network', lstmSpec({ layers: [3, 2], preprocess: { name: 'log-sign-paper', p: 10 }, outputScale: 0.1 }), mixture],
  [
    'a network and a rule',
    groups(
      group('biases', ['layer1/biases', 'layer2/biases'], lstmSpec({ layers: [2], outputScale: 0.1 })),
      group('weights', ['*'], rules[2]!),
    ),
    { name: 'mixture', components: widths.map((problem) => ({ problem, weight: 1 })) },
  ],
];
const close = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) <= 1e-5 * Math.max(1, Math.abs(expected)), `${found}, not ${expected}`);

for (const [name, create, skip] of [
  ['tfjs', () => createTfjsEngine({ name: 'tfjs', backend: 'wasm' }), false],
  [
    'native',
    async () => createNativeEngine(await createTfjsEngine({ name: 'tfjs', backend: 'wasm' })),
    nativeMissing(),
  ],
] as const)
  describe(`mixtures on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = withMixtures(await create());
    });

    it('evaluates each function as alone', async () => {
      const batch = draw(mixture);
      const functions = await engine.openFunctions(batch);
      const { losses, gradient, observed } = await functions.evaluate(batch.start, 4);
      let offset = 0;
      for (const place of batch.places!.flat()) {
        const alone = draw(mixture, place, 1);
        const own = await engine.openFunctions(alone);
        const expected = await own.evaluate(alone.start, 4);
        close(losses[place]!, expected.losses[0]!);
        const end = offset + alone.dimension;
        assert.ok(relativeError(gradient.subarray(offset, end), expected.gradient) < 1e-5);
        const seen = expected.observed ?? expected.gradient;
        assert.ok(relativeError(observed!.subarray(offset, end), seen) < 1e-5);
        offset = end;
        own.dispose();
      }
      functions.dispose();
    });

    for (const [title, optimizer, mixture] of optimizers) {
      const phi = randomPhi(optimizer, 1, mixture, 5);
      const steps = 4;

      it(`unrolls each function as alone, ${title}: losses, and the mean of the meta-gradients`, async () => {
        for (const initial of [null, Float32Array.from({ length: count }, (_, b) => 1 + b)]) {
          const batch = draw(mixture);
          const objective = (value: Float32Array | null): Objective => ({ name: 'relative', initial: value });
          const options = { steps, weights: [1, 1, 1, 1, 1], secondDerivatives: 'dropped' } as const;
          const episode = await engine.openEpisode(optimizer, batch);
          const found = await episode.unroll(phi, { ...options, objective: objective(initial) });
          const sum = new Float64Array(phi.length);
          for (let b = 0; b < count; b++) {
            const alone = await engine.openEpisode(optimizer, draw(mixture, b, 1));
            const own = objective(initial?.slice(b, b + 1) ?? null);
            const expected = await alone.unroll(phi, { ...options, objective: own });
            for (let t = 0; t <= steps; t++) close(found.losses[t * count + b]!, expected.losses[t]!);
            for (const [i, g] of expected.gradient.entries()) sum[i]! += g / count;
            alone.dispose();
          }
          assert.ok(relativeError(found.gradient, Float32Array.from(sum)) < 1e-4);
          episode.dispose();
        }
      });

      it(`saves a state and restores it bit for bit, ${title}`, async () => {
        const [batch, again] = [draw(mixture), draw(mixture)];
        const episode = await engine.openEpisode(optimizer, batch);
        await episode.advance(phi, 3);
        const state = structuredClone(await episode.state());
        const resumed = await engine.openEpisode(optimizer, again, { state });
        assert.deepEqual(await resumed.advance(phi, steps), await episode.advance(phi, steps));
        assert.deepEqual(await resumed.state(), await episode.state());
        episode.dispose();
        resumed.dispose();
      });
    }
  });
