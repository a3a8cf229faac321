import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AutoencoderSpec } from '../../../src/contract/problems/autoencoder.js';
import { parametersOf } from '../../../src/contract/problems.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { nativeMissing } from '../../support/native.js';
import { madeUpDigits } from './made-up-digits.js';

const spec = (fields: object) =>
  parseJobSpec({ kind: 'metatrain', problem: { name: 'autoencoder', ...fields }, optimizer: { name: 'lstm' } })
    .problem as AutoencoderSpec;
const draw = (problem: AutoencoderSpec) => sampleFunctions(problem, 1, Purpose.training, 0, 2, madeUpDigits(1));

describe('an autoencoder', () => {
  it('has layers from the images to the code and back', () => {
    const shapes = parametersOf(spec({ encoder: [32, 8], decoder: [20] })).map(({ shape }) => shape);
    assert.deepEqual(shapes, [[64, 32], [32], [32, 8], [8], [8, 20], [20], [20, 64], [64]]);
    assert.deepEqual(parametersOf(spec({ encoder: [5], decoder: [] })).length, 4);
  });

  for (const [name, create, skip] of [
    ['tfjs', () => createTfjsEngine({ name: 'tfjs', backend: 'wasm' }), false],
    ['native', () => createNativeEngine(), nativeMissing()],
  ] as const)
    it(`${name}: has a loss of mean (1/2 - x)² where all weights are 0, and of NaN where one is`, {
      skip,
    }, async () => {
      const batch = draw(spec({ dataset: 'digits', encoder: [3], decoder: [], batch: 5 }));
      const functions = await (await create()).openFunctions(batch);
      const theta = new Float32Array(batch.start.length);
      const { losses } = await functions.evaluate(theta, 3);
      const { inputs } = batch.miniBatches!.gather(3);
      const pixels = inputs.length / 2;
      for (let b = 0; b < 2; b++) {
        const own = Array.from(inputs.subarray(b * pixels, (b + 1) * pixels));
        const expected = own.reduce((sum, x) => sum + (0.5 - x) ** 2, 0) / pixels;
        assert.ok(Math.abs(losses[b]! / expected - 1) < 1e-5, `${losses[b]} ${expected}`);
      }
      theta[7] = Number.NaN;
      const odd = await functions.evaluate(theta, 3);
      assert.ok(Number.isNaN(odd.losses[0]) && Number.isFinite(odd.losses[1]));
      functions.dispose();
    });
});
