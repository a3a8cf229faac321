import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEventOf } from '../../../src/contract/events.js';
import { countWeights } from '../../../src/contract/limits.js';
import type { MetatrainSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { judge, remember } from '../../../src/core/metatrain/history.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import { probe } from '../../../src/core/metatrain/probe.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { splitWeights } from '../../../src/weights/shapes.js';

const engine = await selectEngine({ name: 'tfjs', backend: 'wasm' });

function metatrain(training: object, optimizer: object, rest: object = {}): MetatrainSpec {
  const problem = { name: 'parabola', dimension: 5 };
  const document = {
    kind: 'metatrain',
    problem,
    optimizer: { name: 'lstm', ...optimizer },
    training,
    comparison: null,
  };
  const spec = parseJobSpec({ ...document, ...rest });
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

async function train(spec: MetatrainSpec) {
  const run = MetaTraining.create(spec, engine, {});
  const events = [];
  for (let event = await run.next(); event !== null && event.type !== 'diverged'; event = await run.next())
    events.push(event);
  const state = structuredClone(await run.state());
  run.dispose();
  const health = events.filter((e): e is RunEventOf<'health'> => e.type === 'health');
  return { events, health, state };
}

describe('is it learning?', () => {
  const verdict = (...losses: number[]) => {
    let history = remember(null, losses[0]!);
    for (const loss of losses.slice(1)) history = remember(history, loss);
    return judge(history);
  };
  const cases: [string, number[], string, RegExp][] = [
    [
      'nothing is trained yet',
      [4],
      'not yet',
      /^Not learning yet: validation loss 4 before the first meta-iteration\.$/,
    ],
    [
      'the loss falls',
      [4, 3, 2],
      'learning',
      /^Learning: best validation loss from 4 to 2 in the latest 2 validations\.$/,
    ],
    ['it fell before a few worse ones', [4, 3, 3.1, 3.2], 'learning', /from 4 to 3 /],
    ['it has become finite', [Number.NaN, 3], 'learning', /from Infinity to 3 /],
    ['a negative loss falls', [-1, -2], 'learning', /from -1 to -2 /],
    ['too little has come of two', [4, 3.99, 3.98], 'not yet', /3\.98, less than 1 % better in the latest 2 val/],
    ['nothing has come of five', [4, 3.99, 4, 4, 4, 4], 'stalled', /3\.99, less than 1 % better in the latest 5 val/],
    [
      'it has come far and nothing more comes',
      [4, 1, 1, 1, 1, 1, 1],
      'no longer improving',
      /^No longer improving: best validation loss 1, less than 1 % better .*; the untrained optimizer’s was 4\.$/,
    ],
    ['the best was infinite', [4, Number.NEGATIVE_INFINITY, 3], 'learning', /from 4 to 3 /],
    ['most of the gain is lost', [4, 1, 3], 'unstable', /loss 3 after 1: most of the gain over .* 4 is lost/],
    ['it is worse than untrained', [4, 5], 'unstable', /^Unstable: validation loss 5 is above .*’s 4\.$/],
    ['the latest is no number', [4, 1, Number.NaN], 'unstable', /not finite/],
  ];
  for (const [when, losses, expected, why] of cases)
    it(`${expected}, where ${when}`, () => {
      const found = verdict(...losses);
      assert.equal(found.verdict, expected);
      assert.match(found.message, why);
    });
});

describe('what an optimizer does', () => {
  it('agrees with closed forms for an optimizer that is a linear map of the gradient', async () => {
    for (const rate of [0.02, -0.01]) {
      const { problem, optimizer } = metatrain({}, { layers: [] });
      const batch = sampleFunctions(problem, 1, Purpose.validation, 0, 3);
      const found = await probe(engine, optimizer, Float32Array.of(-rate, 0), batch, 8);
      // ∇f = 2 s² x, so that x_t = (1 - 2 rate s²)^t x_0, seen at t = 0, 2, 4, 6.
      let squares = 0;
      for (const [i, x] of batch.start.entries())
        for (const t of [0, 2, 4, 6]) {
          const curvature = 2 * batch.data.s![i]! ** 2;
          squares += (rate * curvature * (1 - rate * curvature) ** t * x) ** 2;
        }
      const size = Math.sqrt(squares / (4 * batch.start.length));
      assert.ok(Math.abs(found.updateSize / size - 1) < 1e-4, `${found.updateSize}, expected ${size}`);
      assert.equal(found.signAgreement, rate > 0 ? 1 : 0);
      assert.equal(found.saturation, null);
    }
  });

  it('counts the outputs near 1: of open gates c_t = t + 1, and h is its tanh', async () => {
    const group = (name: string, parameters: string[], optimizer: object) => ({ name, parameters, optimizer });
    const lstm = { name: 'lstm', layers: [2, 3], outputScale: 0.1 };
    const groups = [group('rule', ['x_0'], { name: 'adam', learningRate: 0.01 }), group('net', ['*'], lstm)];
    const problem = { name: 'simple-multi', dimension: 4 };
    const spec = metatrain({}, { layers: [] }, { problem, optimizer: { name: 'groups', groups } });
    const batch = sampleFunctions(spec.problem, 1, Purpose.validation, 0, 2);
    const probeOf = (open: readonly number[]) => {
      const phi = new Float32Array(countWeights(spec.optimizer, spec.problem));
      for (const { name, data } of splitWeights(spec.optimizer, spec.problem, phi)) {
        const layer = open.find((l) => name === `net/lstm.${l}.bias`);
        if (layer !== undefined) data.fill(20);
      }
      return probe(engine, spec.optimizer, phi, batch, 40);
    };
    // Seen after t = 1, 11, 21 and 31 steps; tanh(1) is 0.76. Of five units the first layer has two.
    assert.equal((await probeOf([])).saturation, 0);
    assert.ok(Math.abs((await probeOf([0])).saturation! - (2 / 5) * (3 / 4)) < 1e-12);
    assert.ok(Math.abs((await probeOf([1])).saturation! - (3 / 5) * (3 / 4)) < 1e-12);
  });
});

describe('health', () => {
  it('comes after each validation, and measuring changes no bit of the training', async () => {
    const shape = { iterations: 24, horizon: 10, unroll: 5, functions: 2, learningRate: 0.01, clipNorm: 0.5 };
    const often = await train(metatrain({ ...shape, validation: { every: 3, functions: 4 } }, { layers: [4] }));
    const seldom = await train(metatrain({ ...shape, validation: { every: 24, functions: 4 } }, { layers: [4] }));
    assert.deepEqual(often.state.phi, seldom.state.phi);
    assert.deepEqual(often.state.adam, seldom.state.adam);
    const types = often.events.map((e) => e.type);
    assert.equal(often.health.length, 9);
    for (const [i, type] of types.entries()) assert.equal(type === 'validation', types[i + 1] === 'health');
    // The last one is of the same weights, whatever was measured before.
    const same = ({ updateSize, signAgreement, saturation, diverged }: RunEventOf<'health'>) => [
      updateSize,
      signAgreement,
      saturation,
      diverged,
    ];
    assert.deepEqual(same(often.health.at(-1)!), same(seldom.health.at(-1)!));
  });

  it('reports the median of the meta-gradient’s norms since the last validation, and how many were clipped', async () => {
    const shape = { iterations: 3, horizon: 5, unroll: 5, functions: 2, learningRate: 1e-9 };
    const each = await train(metatrain({ ...shape, validation: { every: 1, functions: 1 } }, { layers: [4] }));
    const norms = each.health.map((e) => e.gradientNorm);
    assert.equal(norms[0], null);
    assert.equal(each.health[0]!.clipped, null);
    const sorted = norms
      .slice(1)
      .map((norm) => norm!)
      .sort((a, b) => a - b);
    const clipNorm = (sorted[1]! + sorted[2]!) / 2;
    const together = await train(
      metatrain({ ...shape, clipNorm, validation: { every: 3, functions: 1 } }, { layers: [4] }),
    );
    const last = together.health.at(-1)!;
    assert.ok(Math.abs(last.gradientNorm! / sorted[1]! - 1) < 1e-4);
    assert.equal(last.clipped, 1 / 3);
    assert.equal(together.health.length, 2);
  });

  it('counts the functions that end above their start', async () => {
    // θ grows by 2 α s² a step where α is negative, and shrinks where it is positive.
    const shape = { iterations: 1, horizon: 5, unroll: 5, learningRate: 1e-9, validation: { every: 1, functions: 7 } };
    const spec = metatrain(shape, { layers: [], outputScale: 0.01, initialisation: { kernels: 'zeros' } });
    const { state } = await train(spec);
    for (const [weight, expected] of [
      [1, 1],
      [-1, 0],
      [1e30, 1],
    ] as const) {
      const begun = { ...state, iteration: 1, phi: Float32Array.of(weight, 0), validatedAt: 0 };
      const run = MetaTraining.create(spec, engine, {}, { ...begun, estimator: null });
      assert.equal((await run.next())?.type, 'validation');
      const event = await run.next();
      assert.ok(event?.type === 'health');
      assert.equal(event.diverged, expected);
      if (weight === 1e30) assert.ok(!Number.isFinite(event.updateSize));
      run.dispose();
    }
  });
});

describe('what keeps it from learning is named', () => {
  const shape = { iterations: 20, horizon: 4, unroll: 2, validation: { every: 20, functions: 4 } };
  const last = async (spec: MetatrainSpec) => (await train(spec)).health.at(-1)!;
  /** A spec from before such ones were refused. */
  const unchecked = (spec: MetatrainSpec, change: (spec: MetatrainSpec) => void) => {
    change(spec);
    return spec;
  };

  it('nothing, where it learns', async () => {
    const health = await last(metatrain(shape, { layers: [4] }));
    assert.deepEqual(health.causes, []);
    assert.equal(health.message.split('. ').length, 1);
  });

  it('a meta-gradient of exactly 0, and weights that none of it has moved', async () => {
    const spec = unchecked(metatrain(shape, { layers: [4] }), ({ training }) => {
      training.metaLoss = [1, 0, 0];
    });
    const { causes, message, gradientNorm } = await last(spec);
    assert.equal(gradientNorm, 0);
    assert.deepEqual(causes, [
      'The meta-gradient was exactly 0 in all of the last 20 meta-iterations: the meta-loss did not depend on the weights.',
      'No weight has changed since training began.',
    ]);
    assert.ok(message.endsWith(causes!.join(' ')));
  });

  it('tensors that have never moved', async () => {
    const spec = unchecked(metatrain(shape, { layers: [4] }), ({ optimizer }) => {
      assert.ok(optimizer.name === 'lstm');
      optimizer.initialisation.kernels = 'zeros';
    });
    assert.deepEqual((await last(spec)).causes, [
      'Weights that have not changed since training began: lstm.0.kernel, lstm.0.bias, output.kernel.',
    ]);
  });

  it('states that overflowed', async () => {
    const rule = { name: 'momentum', learningRate: 10, momentum: 0.9 };
    const groups = [
      { name: 'rule', parameters: ['x_0'], optimizer: rule },
      { name: 'net', parameters: ['*'], optimizer: { name: 'lstm', layers: [2], outputScale: 0.1 } },
    ];
    const problem = { name: 'simple-multi', dimension: 2 };
    // The four steps of training stay finite, and the hundred of a validation do not.
    const long = { ...shape, validation: { ...shape.validation, horizon: 100 } };
    const { health } = await train(metatrain(long, {}, { problem, optimizer: { name: 'groups', groups } }));
    assert.deepEqual(health[0]!.causes, ['States of the optimizer overflowed on validation functions.']);
  });
});

describe('a long validation', () => {
  // 100 coordinates: 81 functions are a chunk.
  const problem = { name: 'parabola', dimension: 100 };
  const shape = { iterations: 2, horizon: 4, unroll: 4, validation: { every: 2, functions: 200 } };
  const spec = metatrain(shape, { layers: [3] }, { problem });

  it('is reported chunk by chunk', async () => {
    const { events } = await train(spec);
    const progress = events.filter((e) => e.type === 'progress');
    const once = [81, 162].map((done) => ({ type: 'progress', phase: 'validation', done, total: 200 }));
    assert.deepEqual(progress, [...once, ...once]);
    const types = events.map((e) => e.type);
    const validation = ['progress', 'progress', 'validation', 'health'];
    assert.deepEqual(types, [...validation, 'losses', 'losses', ...validation]);
  });
});
