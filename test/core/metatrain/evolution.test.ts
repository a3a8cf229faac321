import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { RunEventOf } from '../../../src/contract/events.js';
import type { MetatrainSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { createNativeEngine } from '../../../src/core/engines/native/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import type { TrainingState } from '../../../src/core/metatrain/state.js';
import { packState, unpackState } from '../../../src/core/state-tree.js';
import { loadDatasets } from '../../../src/data/datasets.js';
import { nativeMissing } from '../../support/native.js';

/** Whole trainings by evolution strategies. */

let engine: Engine;
before(async () => {
  engine = await selectEngine({ name: 'tfjs', backend: 'wasm' });
});

const quadratic = { name: 'quadratic', dimension: 3, distribution: 'uniform' };
const lstm = { name: 'lstm', layers: [3] };

function metatrain(training: object, optimizer: object = lstm, problem: object = quadratic): MetatrainSpec {
  const spec = parseJobSpec({ kind: 'metatrain', problem, optimizer, training, comparison: null });
  assert.ok(spec.kind === 'metatrain');
  return spec;
}

interface Stretch {
  /** Where another training stopped. */
  readonly from?: TrainingState;
  /** Meta-iterations done when it stops; to the end unless given. */
  readonly until?: number;
  readonly on?: Engine;
}

/** @returns the events, and the state as a checkpoint has it */
async function train(spec: MetatrainSpec, { from, until = Number.POSITIVE_INFINITY, on = engine }: Stretch = {}) {
  const run = MetaTraining.create(spec, on, await loadDatasets(spec.problem), from);
  const events = [];
  while (run.iteration < until) {
    const event = await run.next();
    if (event === null) break;
    events.push(event);
  }
  const end = unpackState(packState(await run.state())) as unknown as TrainingState;
  run.dispose();
  return { events, end };
}

const shape = { iterations: 12, unroll: 4, functions: 3, learningRate: 0.01, validation: { every: 6, functions: 2 } };

describe('training by evolution strategies', () => {
  const horizons = { minimum: 4, maximum: 16 };
  /** Runs in the lanes of the native engine. */
  const perceptron = { name: 'perceptron', dataset: 'digits-8', hidden: [4], batch: 8 };
  const kinds: [title: string, estimator: object, optimizer: object, problem: object][] = [
    ['an MLP by PES', { name: 'pes', horizons }, { name: 'mlp' }, quadratic],
    ['an MLP by PES, in lanes', { name: 'pes', horizons }, { name: 'mlp' }, perceptron],
    ['an MLP by ES, in lanes', { name: 'es', horizons }, { name: 'mlp' }, perceptron],
    ['an MLP by NRES', { name: 'nres', horizons }, { name: 'mlp' }, quadratic],
    ['an LSTM by ES', { name: 'es', horizons }, lstm, quadratic],
    ['an LSTM by PES, with the analytic gradient', { name: 'pes', analytic: true, horizons }, lstm, quadratic],
  ];
  for (const [title, estimator, optimizer, problem] of kinds)
    for (const name of problem === perceptron ? (['native'] as const) : (['tfjs', 'native'] as const))
      it(`resumes bit for bit on ${name}: ${title}`, { skip: name === 'native' && nativeMissing() }, async () => {
        const on = name === 'native' ? createNativeEngine(engine) : engine;
        const spec = metatrain({ ...shape, estimator }, optimizer, problem);
        const whole = await train(spec, { on });
        const half = await train(spec, { on, until: 7 });
        const resumed = await train(spec, { on, from: half.end });
        assert.deepEqual(resumed.end, whole.end);
        assert.deepEqual([...half.events, ...resumed.events], whole.events);
        assert.equal(whole.end.iteration, shape.iterations);
      });

  it('resumes with a single pair, which cannot tell its variance', async () => {
    const spec = metatrain({ ...shape, functions: 1, estimator: { name: 'pes' }, horizon: 8 });
    const whole = await train(spec);
    const half = await train(spec, { until: 7 });
    assert.ok(Number.isNaN(half.end.gradients.signal!.variance));
    const resumed = await train(spec, { from: half.end });
    assert.deepEqual([...half.events, ...resumed.events], whole.events);
    const health = whole.events.filter((event): event is RunEventOf<'health'> => event.type === 'health');
    for (const { signalToNoise } of health) assert.equal(signalToNoise, null);
  });

  it('learns: an MLP by PES more than halves the loss of an untrained one after 20 steps', async () => {
    const training = {
      ...shape,
      ...{ iterations: 40, unroll: 10, functions: 4, learningRate: 0.1, horizon: 20, clipNorm: 1 },
      estimator: { name: 'pes', stagger: false },
      inner: { learningRate: 0.1 },
      validation: { every: 40, functions: 32, horizon: 20, measure: 'tail' },
    };
    const { events } = await train(metatrain(training, { name: 'mlp', hidden: [4] }, { ...quadratic, dimension: 10 }));
    const [first, last] = events.filter((event): event is RunEventOf<'validation'> => event.type === 'validation');
    assert.ok((last!.loss as number) < (first!.loss as number) / 2, `${first!.loss}, then ${last!.loss}`);
  });

  it('reports the signal-to-noise ratio, and how many losses were replaced', async () => {
    const estimator = { name: 'pes', maximumLoss: 1e-9 };
    const { events } = await train(metatrain({ ...shape, estimator, horizon: 4 }));
    const health = events.filter((event): event is RunEventOf<'health'> => event.type === 'health');
    assert.deepEqual(
      health.map(({ replaced }) => replaced),
      // All losses of six iterations of five losses of three pairs.
      [0, 180, 180],
    );
    const why = '100 % of the training losses were above training.estimator.maximumLoss, 1e-9, or not finite';
    assert.deepEqual(
      health.map(({ causes }) => causes!.some((cause) => cause.startsWith(why))),
      [false, true, true],
    );
    assert.equal(health[0]!.signalToNoise, null);
    const { events: usual } = await train(metatrain({ ...shape, estimator: { name: 'pes' }, horizon: 4 }));
    const last = usual.findLast((event): event is RunEventOf<'health'> => event.type === 'health');
    assert.ok(typeof last!.signalToNoise === 'number' && last!.signalToNoise > -1);
    assert.equal(last!.replaced, 0);
    assert.deepEqual(last!.causes, []);
  });
});

describe('a document with evolution strategies', () => {
  const refused: [training: object, optimizer: object, why: RegExp][] = [
    [
      { estimator: { name: 'bptt' } },
      { name: 'mlp' },
      /\/training\/estimator: found "bptt", allowed: "es", "pes" or "nres"/,
    ],
    [{}, { name: 'mlp' }, /\/training\/estimator: /],
    [{ estimator: { name: 'pes', analytic: true } }, { name: 'mlp' }, /\/training\/estimator\/analytic: /],
    [
      { estimator: { name: 'es' }, curriculum: [{ from: 5, horizon: 40, unroll: 20 }] },
      lstm,
      /\/training\/curriculum: /,
    ],
    [
      { estimator: { name: 'es' }, imitation: { rule: { name: 'adam', learningRate: 0.1 } } },
      lstm,
      /\/training\/imitation: /,
    ],
    [{ estimator: { name: 'nres' }, secondDerivatives: 'exact' }, lstm, /\/training\/secondDerivatives: /],
    [{ estimator: { name: 'pes', horizons: { minimum: 9, maximum: 8 } }, unroll: 4 }, lstm, /horizons\/minimum: /],
    [{ estimator: { name: 'pes', horizons: { minimum: 2, maximum: 8 } } }, lstm, /\/training\/unroll: found 20/],
    [{ estimator: { name: 'pes' }, horizon: 30 }, lstm, /\/training\/unroll: found 20, allowed: a divisor/],
    [{ estimator: { name: 'pes', analytic: true }, inner: { learningRate: 0.1 } }, lstm, /\/training\/inner: /],
    [{ inner: { learningRate: 0.1 } }, lstm, /\/training\/inner: /],
  ];
  for (const [training, optimizer, why] of refused)
    it(`is refused where it makes no sense: ${JSON.stringify({ training, optimizer })}`, () => {
      assert.throws(() => metatrain(training, optimizer), why);
    });
});
