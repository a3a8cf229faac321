import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { flattenWeights } from '../../../src/weights/shapes.js';
import { nativeMissing, stepByStep } from '../../support/native.js';
import { lstmSpec, randomWeights, testSeed } from '../../weights/samples.js';

const seed = testSeed();
console.log(`seed ${seed}`);

const tfjs = () => createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
const engines: [name: string, create: () => Promise<Engine>, skip: string | false][] = [
  ['tfjs', tfjs, false],
  ['native', async () => createNativeEngine(), nativeMissing()],
  ['native, gradients by tfjs', async () => stepByStep(await tfjs()), nativeMissing()],
];

const spec = lstmSpec({ layers: [4], outputScale: 0.1 });
const problem = { name: 'parabola', dimension: 3 } as const;
const phi = flattenWeights(randomWeights(spec, problem, seed, 0.3));

describe('the meta-gradient of losses relative to f(θ_0)', () => {
  for (const [name, create, skip] of engines)
    it(`has the sign of the loss's own, and is finite where f(θ_0) is 0: ${name}`, async (t) => {
      if (skip) return t.skip(skip);
      const engine = await create();
      const relativeTo = async (...initial: number[]) => {
        const episode = await engine.openEpisode(spec, sampleFunctions(problem, seed, Purpose.training, 0, 3));
        const objective = { name: 'relative', initial: Float32Array.from(initial) } as const;
        const options = { steps: 4, weights: [1, 1, 1, 1, 1], secondDerivatives: 'dropped', objective } as const;
        const { gradient } = await episode.unroll(phi, options);
        episode.dispose();
        return gradient;
      };
      assert.deepEqual(await relativeTo(-4, -0.5, -1e20), await relativeTo(4, 0.5, 1e20));
      assert.deepEqual(await relativeTo(0, 2, -0), await relativeTo(1, 2, 1));
      assert.deepEqual(await relativeTo(2 ** -149, 2, -(2 ** -128)), await relativeTo(1, 2, 1));
      // The smallest number with a finite reciprocal in fp32 is still the divisor.
      const small = await relativeTo(2 ** -127, 2 ** 127, 2 ** 127);
      assert.ok(small.some((g) => Math.abs(g) > 1e30));
    });
});
