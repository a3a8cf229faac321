import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunEventOf } from '../../../src/contract/events.js';
import type { GroupRule, LearnedSpec } from '../../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../../src/contract/problems.js';
import type { MetatrainSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { createTfjsEngine } from '../../../src/core/engines/tfjs/engine.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { ImitationEpisode } from '../../../src/core/metatrain/estimators/imitation-episode.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import { optimise } from '../../../src/core/optimise/method.js';
import { ruleMethod } from '../../../src/core/optimise/rule-method.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { imitationLoss, ruleDescent } from '../../reference/imitation.js';
import { relativeError } from '../../reference/meta-gradient.js';
import { nativeMissing, stepByStep } from '../../support/native.js';
import { lstmSpec, testSeed } from '../../weights/samples.js';
import { functionsOf, optimizerOf, startsAt } from '../engines/reference.js';

const seed = testSeed();
console.log(`seed ${seed}`);

const tfjs = () => createTfjsEngine({ name: 'tfjs', backend: 'wasm' });
const engines: [name: string, create: () => Promise<Engine>, skip: string | false][] = [
  ['tfjs', tfjs, false],
  ['native', async () => createNativeEngine(), nativeMissing()],
  ['native, gradients by tfjs', async () => stepByStep(await tfjs()), nativeMissing()],
];

const sgd: GroupRule = { name: 'sgd', learningRate: 0.1 };
const momentum: GroupRule = { name: 'momentum', learningRate: 0.02, momentum: 0.8 };
const adam: GroupRule = { name: 'adam', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const small = lstmSpec({ layers: [4], outputScale: 0.1 });
const cases: [title: string, optimizer: LearnedSpec, problem: ProblemSpec, rule: GroupRule][] = [
  ['SGD on parabolas', small, { name: 'parabola', dimension: 3 }, sgd],
  [
    'momentum on quadratics',
    lstmSpec({ layers: [3, 2], inputProjection: 2, preprocess: { name: 'log-sign-deepmind', k: 5 } }),
    { name: 'quadratic', dimension: 3, distribution: 'uniform' },
    momentum,
  ],
  [
    'Adam on noisy gradients, which the networks see as the rule does',
    small,
    { name: 'noisy', deviation: 0.5, problem: { name: 'parabola', dimension: 2 } },
    adam,
  ],
  [
    'Adam, by two groups beside a rule’s own',
    {
      name: 'groups',
      groups: [
        { name: 'odd', parameters: ['x_1', 'x_3'], optimizer: small },
        { name: 'rule', parameters: ['x_2'], optimizer: momentum },
        { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [2], outputScale: 0.1 }) },
      ],
    },
    { name: 'simple-multi', dimension: 5 },
    adam,
  ],
];

describe('an imitation', () => {
  for (const [name, create, skip] of engines)
    for (const [title, spec, problem, rule] of cases)
      it(`of ${title}, ${name}: θ follows the rule, the meta-gradient is that of fp64 differences`, async (t) => {
        if (skip) return t.skip(skip);
        const engine = await create();
        const [functions, steps] = [3, 4];
        const batch = sampleFunctions(problem, seed, Purpose.training, 0, functions);
        const d = batch.dimension;
        const optimizer = optimizerOf(spec, problem);
        const descents = functionsOf(batch).map((f, b) =>
          ruleDescent(rule, f, [...batch.start.slice(b * d, (b + 1) * d)], 2 * steps),
        );
        const phi = initialise(spec, problem, seed);
        let imitation = await ImitationEpisode.open(engine, spec, batch, rule);
        // The second unroll continues from the first one's θ, h and rule state.
        for (const from of [0, steps]) {
          const before = structuredClone(await imitation.state());
          const { losses, gradient } = await imitation.unroll(phi, { steps });
          const expected = Array.from({ length: steps + 1 }, (_, t) => descents.map((one) => one.losses[from + t]!));
          assert.ok(relativeError(losses, expected.flat()) < 1e-5, `${title}: losses (seed ${seed})`);
          const starts = startsAt(optimizer, before, functions);
          const loss = imitationLoss(optimizer, rule, descents, starts, from, from + steps);
          const derivatives = [...phi].map((w, i, all) => {
            const [above, below] = [1e-6, -1e-6].map((h) => loss(all.with(i, w + h)));
            return (above! - below!) / 2e-6;
          });
          const error = relativeError(gradient, derivatives);
          assert.ok(error < 1e-4, `${title}, from step ${from}: off by ${error} (seed ${seed})`);
          // Another, opened from its state, does the same, to the bit.
          const again = await ImitationEpisode.open(engine, spec, batch, rule, before);
          assert.deepEqual(await again.unroll(phi, { steps }), { losses, gradient });
          assert.deepEqual(await again.state(), await imitation.state());
          imitation.dispose();
          imitation = again;
        }
        const { theta, step } = await imitation.state();
        assert.equal(step, 2 * steps);
        const ends = descents.flatMap(({ end }) => end);
        assert.ok(relativeError(theta, ends) < 1e-5, `${title}: θ (seed ${seed})`);
        imitation.dispose();
      });
});

function metatrain(fields: object): MetatrainSpec {
  const spec = parseJobSpec({ kind: 'metatrain', seed, comparison: null, ...fields });
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

async function train(spec: MetatrainSpec) {
  const engine = await selectEngine(spec.engine, spec);
  const run = MetaTraining.create(spec, engine, {});
  const events = [];
  for (let event = await run.next(); event !== null; event = await run.next()) {
    events.push(event);
    if (event.type === 'diverged') break;
  }
  run.dispose();
  return { engine, events };
}

describe('a warm-up by imitation', () => {
  const problem = { name: 'parabola', dimension: 10 } as const;

  for (const rule of [{ name: 'sgd', learningRate: 0.05 } as const, momentum])
    it(`teaches a fresh network ${rule.name} by itself: its losses come close to the rule’s`, async () => {
      const spec = metatrain({
        problem,
        optimizer: { name: 'lstm', layers: [20], outputScale: 0.1 },
        training: {
          iterations: 400,
          functions: 16,
          learningRate: 0.01,
          schedule: { name: 'cosine' },
          imitation: { rule, iterations: 400 },
          validation: { every: 400, functions: 500 },
        },
      });
      const { engine, events } = await train(spec);
      const batch = sampleFunctions(problem, seed, Purpose.validation, 0, 500);
      const losses = await optimise(engine, batch, ruleMethod(rule), 20);
      const ofRule = losses.subarray(0, 20 * 500).reduce((a, b) => a + b, 0) / 500;
      const validations = events.filter((e) => e.type === 'validation');
      const [untrained, taught] = validations.map(({ loss }) => loss) as [number, number];
      console.log(`${rule.name}: untrained ${untrained}, taught ${taught}, the rule ${ofRule}`);
      assert.ok(Math.abs(taught - ofRule) < 0.05 * ofRule, `${taught}, the rule ${ofRule} (seed ${seed})`);
      assert.ok(Math.abs(untrained - ofRule) > 0.5 * ofRule, `untrained ${untrained}, the rule ${ofRule}`);
    });

  const training = {
    iterations: 4,
    horizon: 10,
    unroll: 5,
    functions: 2,
    imitation: { rule: sgd, iterations: 3 },
    validation: { every: 4, functions: 8 },
  };

  it('reports the losses along the rule’s trajectory, then those of the learned optimizer on fresh functions', async () => {
    const optimizer = { name: 'lstm', layers: [4], initialisation: { output: 'zeros' } };
    // With steps of 1e-9 the networks still do nothing when their turn comes.
    const spec = metatrain({ problem, optimizer, training: { ...training, learningRate: 1e-9 } });
    const { engine, events } = await train(spec);
    const reported = events.filter((e): e is RunEventOf<'losses'> => e.type === 'losses');
    assert.deepEqual(
      reported.map(({ step }) => step),
      [0, 5, 0, 0],
    );
    const of = async (episode: number, steps: number) => {
      const batch = sampleFunctions(problem, seed, Purpose.training, 2 * episode, 2);
      const losses = await optimise(engine, batch, ruleMethod(sgd), steps);
      return Array.from({ length: steps }, (_, t) => (losses[2 * t]! + losses[2 * t + 1]!) / 2);
    };
    const [first, second, third] = [await of(0, 10), await of(1, 5), await of(2, 1)];
    const expected = [first.slice(0, 5), first.slice(5), second, Array(5).fill(third[0])];
    for (const [i, { points }] of reported.entries())
      assert.ok(relativeError(points, expected[i]!) < 1e-5, `meta-iteration ${i}: ${points} (seed ${seed})`);
  });

  it('does not depend on the meta-loss, the objective or the second derivatives', async () => {
    const warm = { ...training, iterations: 3, validation: { every: 3, functions: 8 } };
    const phi = async (fields: object) => {
      const spec = metatrain({
        problem,
        optimizer: { name: 'lstm', layers: [4] },
        engine: { name: 'tfjs', backend: 'wasm' },
        training: { ...warm, ...fields },
      });
      const run = MetaTraining.create(spec, await selectEngine(spec.engine, spec), {});
      while ((await run.next()) !== null);
      const { phi } = await run.state();
      run.dispose();
      return phi;
    };
    const usual = await phi({});
    assert.deepEqual(await phi({ metaLoss: 'final', objective: 'log', secondDerivatives: 'exact' }), usual);
    assert.notDeepEqual(await phi({ imitation: null }), usual);
  });

  it('is not cut short by patience, which counts the validations after it', async () => {
    // Steps of 1e-30 do not change the networks' updates, so no validation is better than another.
    const validation = { every: 1, functions: 8, patience: 2 };
    const optimizer = { name: 'lstm', layers: [4] };
    const { events } = await train(
      metatrain({ problem, optimizer, training: { ...training, iterations: 20, learningRate: 1e-30, validation } }),
    );
    assert.equal(events.filter((e) => e.type === 'losses').length, training.imitation.iterations + 2);
  });

  it('stops where errors overflow in units of the rule’s rate, and says that a higher one may help', async () => {
    const rule = { name: 'sgd', learningRate: 1e-30 };
    const optimizer = { name: 'lstm', layers: [4] };
    const { events } = await train(
      metatrain({ problem, optimizer, training: { ...training, imitation: { rule, iterations: 3 } } }),
    );
    const last = events.at(-1)!;
    assert.ok(last.type === 'diverged' && last.where === 'meta-gradient');
    assert.match(
      last.message,
      /are kept\. A higher training\.imitation\.rule\.learningRate \(.*\) or a smaller optimizer\.outputScale may help\.$/,
    );
  });

  it('stops where the rule diverges, and says that its rate may be why', async () => {
    const rule = { name: 'sgd', learningRate: 1e5 };
    const optimizer = { name: 'lstm', layers: [4] };
    const { events } = await train(
      metatrain({ problem, optimizer, training: { ...training, imitation: { rule, iterations: 3 } } }),
    );
    const last = events.at(-1)!;
    assert.ok(last.type === 'diverged' && last.where === 'loss');
    assert.match(last.message, /are kept\. A lower training\.imitation\.rule\.learningRate may help\.$/);
  });
});
