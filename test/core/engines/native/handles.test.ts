import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LstmSpec } from '../../../../src/contract/networks/lstm.js';
import type { StepRates } from '../../../../src/contract/use.js';
import type { Episode } from '../../../../src/core/engines/engine.js';
import { loadAddon } from '../../../../src/core/engines/native/addon.js';
import { functionsDescriptor, networkDescriptor } from '../../../../src/core/engines/native/arguments.js';
import { createNativeEngine } from '../../../../src/core/engines/native/engine.js';
import { createTfjsEngine } from '../../../../src/core/engines/tfjs/engine.js';
import { sampleFunctions } from '../../../../src/core/problems/batch.js';
import { Purpose } from '../../../../src/core/random/random.js';
import { flattenWeights } from '../../../../src/weights/shapes.js';
import { relativeError } from '../../../reference/meta-gradient.js';
import { nativeMissing, stepByStep } from '../../../support/native.js';
import { lstmSpec, randomWeights, testSeed } from '../../../weights/samples.js';

const seed = testSeed();
console.log(`seed ${seed}`);

const spec = lstmSpec({ layers: [4], outputScale: 0.1 });
const weights = (optimizer: LstmSpec) => flattenWeights(randomWeights(optimizer, { name: 'simple' }, seed, 0.5));
const batch = sampleFunctions({ name: 'parabola', dimension: 5 }, seed, Purpose.training, 0, 3);

describe('handles of the addon', { skip: nativeMissing() }, () => {
  const open = () =>
    loadAddon().addon.open({
      kind: 'lstm-steps',
      network: networkDescriptor(spec),
      coordinates: 3,
      segment: 20,
    });
  const call = { phi: weights(spec), observed: new Float32Array(3), theta: new Float32Array(3) };

  it('refuse descriptors with fields that are missing, unknown, or not what they should be', () => {
    const { addon } = loadAddon();
    const network = networkDescriptor(spec);
    const functions = functionsDescriptor(batch);
    for (const [descriptor, expected] of [
      [{ kind: 'abacus' }, /there is no abacus/],
      [{ kind: 'lstm-steps', network, segment: 20 }, /no coordinates/],
      [{ kind: 'lstm-steps', network, segment: 20, coordinates: 1.5 }, /coordinates: expected a whole number/],
      [{ kind: 'lstm-steps', network, segment: 20, coordinates: 3, extra: 1 }, /unknown field extra/],
      [{ kind: 'lstm-steps', network, segment: '20', coordinates: 3 }, /segment: expected a number/],
      [
        { kind: 'lstm-steps', network: { ...network, preprocess: 'log' }, coordinates: 3 },
        /one of none, log-sign-paper/,
      ],
      [{ kind: 'lstm-steps', network: { ...network, units: 1 }, coordinates: 3 }, /network: unknown field units/],
      [{ kind: 'functions', functions: { ...functions, s: new Float32Array(4) } }, /s has 4 numbers, expected 15/],
      [{ kind: 'functions', functions: { ...functions, s: new Float64Array(15) } }, /s: expected a Float32Array/],
      [{ kind: 'functions', functions: { ...functions, family: 'cubic' } }, /family: expected one of simple, parabola/],
    ] as const)
      assert.throws(() => addon.open(descriptor), expected);
  });

  it('refuse operations and fields that they do not know, and take none once they are closed', () => {
    const { addon } = loadAddon();
    const handle = open();
    addon.call(handle, 'step', false, call);
    assert.throws(() => addon.call(handle, 'fly', false, call), /unknown operation fly/);
    assert.throws(() => addon.call(handle, 'step', false, { ...call, speed: 1 }), /unknown field speed/);
    const { theta, ...rest } = call;
    assert.throws(() => addon.call(handle, 'step', false, rest), /no theta/);
    assert.throws(
      () => addon.call(handle, 'step', false, { ...call, theta: theta.subarray(1) }),
      /theta has 2 numbers/,
    );
    addon.close(handle);
    addon.close(handle);
    assert.throws(() => addon.call(handle, 'step', false, call), /step\(\) after close\(\)/);
  });

  it('take one call in the background at a time, which ends even if they are closed meanwhile', async () => {
    const { addon } = loadAddon();
    const [handle, other] = [open(), open()];
    const fields = () => ({ ...call, observed: Float32Array.of(1, 2, 3), theta: new Float32Array(3) });
    const [first, second] = [fields(), fields()];
    const ended = addon.call(handle, 'step', true, first);
    assert.throws(() => addon.call(handle, 'step', false, call), /before the call in the background has ended/);
    addon.close(handle);
    await ended;
    addon.call(other, 'step', false, second);
    assert.deepEqual(first.theta, second.theta);
    assert.notDeepEqual(first.theta, new Float32Array(3));
  });
});

describe('learning rates of a run, on the native engine', { skip: nativeMissing() }, () => {
  const phi = weights(spec);
  const lossWeights = Array.from({ length: 24 }, (_, t) => t / 24);
  const unrolled = async (episode: Episode, own = phi) => {
    // The second unroll begins in the middle of the schedule.
    await episode.advance(own, 2);
    const found = await episode.unroll(own, { steps: 23, weights: lossWeights, secondDerivatives: 'dropped' });
    const { theta } = await episode.state();
    episode.dispose();
    return { ...found, theta };
  };
  const falling: StepRates = { at: (t) => 2 / (1 + t), weightDecay: 0.1 };

  it('of 1 at every step without weight decay change no bit', async () => {
    const engine = createNativeEngine();
    const one = { at: () => 1, weightDecay: 0 };
    const [plain, given] = [
      await engine.openEpisode(spec, batch),
      await engine.openEpisode(spec, batch, { rates: one }),
    ];
    assert.deepEqual(await unrolled(given), await unrolled(plain));
  });

  it('of 1/2 are half the output scale', async () => {
    const engine = createNativeEngine();
    const half = lstmSpec({ ...spec, outputScale: 0.05 });
    const expected = await unrolled(await engine.openEpisode(half, batch));
    const found = await unrolled(await engine.openEpisode(spec, batch, { rates: { at: () => 0.5, weightDecay: 0 } }));
    for (const part of ['losses', 'gradient', 'theta'] as const)
      assert.ok(relativeError(found[part], expected[part]) < 1e-5, `${part}, seed ${seed}`);
  });

  it('and weight decay give θ - α λ θ where the network proposes nothing', async () => {
    const engine = createNativeEngine();
    const silent = new Float32Array(phi.length);
    const episode = await engine.openEpisode(spec, batch, { state: stateAt(3), rates: falling });
    await episode.advance(silent, 2);
    const { theta } = await episode.state();
    const left = (1 - (2 / 4) * 0.1) * (1 - (2 / 5) * 0.1);
    assert.ok(
      relativeError(
        theta,
        stateAt(3).theta.map((x) => left * x),
      ) < 1e-6,
    );
    episode.dispose();
  });

  it('give the same results step by step as in a whole unroll', async () => {
    const stepped = stepByStep(await createTfjsEngine({ name: 'tfjs', backend: 'wasm' }));
    const whole = await unrolled(await createNativeEngine().openEpisode(spec, batch, { rates: falling }));
    const steps = await unrolled(await stepped.openEpisode(spec, batch, { rates: falling }));
    for (const part of ['losses', 'gradient', 'theta'] as const)
      assert.ok(relativeError(steps[part], whole[part]) < 1e-4, `${part}, seed ${seed}`);
  });

  function stateAt(step: number) {
    const coordinates = batch.count * batch.dimension;
    const theta = Float32Array.from({ length: coordinates }, (_, i) => 1 + i);
    return { theta, hidden: new Float32Array(8 * coordinates), step };
  }
});
