import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MetatrainSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { EpisodeState } from '../../../src/core/engines/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import type { Tf } from '../../../src/core/problems/problem.js';
import { addPlugin } from '../../../src/plugins/plugin.js';
import { nativeMissing } from '../../support/native.js';

/** Functions that begin below 0 or at 0, and do not depend on one of their coordinates. */
addPlugin(
  {
    name: 'shifted',
    title: 'Shifted',
    description: 'f(x, y) = Σ x² - shift, x and y from 1 on',
    fields: { shift: { type: 'number', minimum: 0, default: 0 } },
    parameters: () => [
      { name: 'x', shape: [4] },
      { name: 'y', shape: [1] },
    ],
    sample: (_spec: unknown, _random: unknown, _data: unknown, start: Float32Array) => start.fill(1),
    evaluate: (tf: Tf, _data: unknown, theta: Parameters<Tf['square']>[0], { shift }: { shift: number }) => {
      const derivatives = tf.mul(theta, [[2, 2, 2, 2, 0]]);
      return { losses: tf.sub(tf.div(tf.sum(tf.square(derivatives), 1), 4), shift), gradient: derivatives };
    },
  },
  'shifted',
);

/** A function that falls to -Infinity. */
addPlugin(
  {
    name: 'falling',
    title: 'Falling',
    description: 'f(x) = -e^x, from 0 on',
    fields: { scale: { type: 'number', default: 1 } },
    parameters: () => [{ name: 'x', shape: [1] }],
    sample: (_spec: unknown, _random: unknown, _data: unknown, start: Float32Array) => start.fill(0),
    evaluate: (tf: Tf, _data: unknown, theta: Parameters<Tf['square']>[0]) => {
      const gradient = tf.neg(tf.exp(theta));
      return { losses: tf.sum(gradient, 1), gradient };
    },
  },
  'falling',
);

const engines = [
  ['native', { name: 'native', backend: 'auto' }, nativeMissing()],
  ['tfjs', { name: 'tfjs', backend: 'wasm' }, false],
] as const;

function metatrain(fields: object): MetatrainSpec {
  const optimizer = { name: 'lstm', layers: [4], outputScale: 0.1 };
  const spec = parseJobSpec({ kind: 'metatrain', optimizer, comparison: null, ...fields });
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

async function train(spec: MetatrainSpec) {
  const run = MetaTraining.create(spec, await selectEngine(spec.engine, spec), {});
  const events = [];
  for (let event = await run.next(); event !== null && event.type !== 'diverged'; event = await run.next())
    events.push(event);
  const state = structuredClone(await run.state());
  run.dispose();
  const validations = events.flatMap((e) => (e.type === 'validation' ? [e.loss] : []));
  return { events, state, validations };
}

for (const [name, engine, skip] of engines) {
  describe(`on ${name}`, () => {
    // 4 at the start: relative to it, to |-96| and, where it is 0, to 1.
    for (const shift of [0, 100, 4])
      it(`the relative objective trains downhill from f(θ_0) = ${4 - shift}`, async (t) => {
        if (skip) return t.skip(skip);
        const training = {
          iterations: 60,
          learningRate: 0.01,
          objective: 'relative',
          validation: { every: 60, functions: 1 },
        };
        const { validations } = await train(metatrain({ engine, problem: { name: 'shifted', shift }, training }));
        const [untrained, trained] = validations.map((sum) => sum + 20 * shift);
        assert.ok(trained! < 0.7 * untrained!, `${untrained} to ${trained}`);
      });

    for (const rule of ['adam', 'rmsprop', 'adagrad', 'adamw'])
      it(`${rule} with an ε of 0 does not move what has no gradient, imitated and as a group’s rule`, async (t) => {
        if (skip) return t.skip(skip);
        const still = { name: rule, learningRate: 0.05, epsilon: 0 };
        const network = { name: 'lstm', layers: [4], outputScale: 0.1 };
        const groups = [
          { name: 'net', parameters: ['x'], optimizer: network },
          { name: 'rule', parameters: ['*'], optimizer: still },
        ];
        const training = { iterations: 4, unroll: 10, validation: { every: 4, functions: 1 } };
        for (const fields of [
          { training: { ...training, imitation: { rule: still, iterations: 4 } } },
          { training, optimizer: { name: 'groups', groups } },
        ]) {
          const { events, state, validations } = await train(
            metatrain({ engine, problem: { name: 'shifted' }, ...fields }),
          );
          assert.equal(events.filter((e) => e.type === 'losses').length, 4);
          assert.ok(validations.every(Number.isFinite) && validations.length === 2);
          const { theta } = (state.estimator as unknown as { episode: EpisodeState }).episode;
          assert.ok(rule === 'adamw' || theta[4] === 1, `${theta}`);
        }
      });
  });
}

it('the logarithms of losses below 0 have no gradient, and health says so', async () => {
  const training = { iterations: 3, objective: 'log', validation: { every: 3, functions: 1 } };
  const { events } = await train(metatrain({ problem: { name: 'shifted', shift: 100 }, training }));
  const health = events.at(-1)!;
  assert.ok(health.type === 'health' && health.gradientNorm === 0);
  assert.deepEqual(health.causes, [
    'The meta-gradient was exactly 0 in all of the last 3 meta-iterations: training.objective "log" gives losses below 0 no gradient.',
  ]);
});

it('a validation loss of -Infinity is never the best', async () => {
  const validation = { every: 1, functions: 2, horizon: 20 };
  const training = { iterations: 1, horizon: 2, unroll: 2, learningRate: 1e-9, validation };
  const optimizer = { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } };
  const spec = metatrain({ problem: { name: 'falling' }, optimizer, training });
  const { state } = await train(spec);
  assert.ok(Number.isFinite(state.bestLoss));
  // x grows by e^x a step, which is beyond fp32 within ten.
  const begun = { ...state, iteration: 1, phi: Float32Array.of(-1, 0), validatedAt: 0, episode: null };
  const run = MetaTraining.create(spec, await selectEngine(spec.engine, spec), {}, begun);
  const event = await run.next();
  assert.ok(event?.type === 'validation');
  assert.deepEqual([event.loss, event.best], [Number.NEGATIVE_INFINITY, false]);
  const health = await run.next();
  assert.ok(health?.type === 'health' && health.verdict === 'unstable');
  assert.equal(run.best!.iteration, state.bestIteration);
  run.dispose();
});
