import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { RunEventOf } from '../../../src/contract/events.js';
import type { MetatrainSpec } from '../../../src/contract/spec.js';
import { parseJobSpec } from '../../../src/contract/validate.js';
import type { Engine } from '../../../src/core/engines/engine.js';
import { selectEngine } from '../../../src/core/engines/select.js';
import { MetaTraining } from '../../../src/core/metatrain/metatrain.js';
import type { TrainingState } from '../../../src/core/metatrain/state.js';

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

/** Trains until `until` meta-iterations are done, or to the end. */
async function train(spec: MetatrainSpec, state?: TrainingState, until = Number.POSITIVE_INFINITY) {
  const run = MetaTraining.create(spec, engine, {}, state);
  const events = [];
  while (run.iteration < until) {
    const event = await run.next();
    if (event === null) break;
    events.push(event);
  }
  const end = structuredClone(await run.state());
  run.dispose();
  return { events, end };
}

const shape = { iterations: 12, unroll: 4, functions: 3, learningRate: 0.01, validation: { every: 6, functions: 2 } };

describe('training by evolution strategies', () => {
  const horizons = { minimum: 4, maximum: 16 };
  const kinds: [title: string, estimator: object, optimizer: object][] = [
    ['an MLP by PES', { name: 'pes', horizons }, { name: 'mlp' }],
    ['an MLP by NRES', { name: 'nres', horizons }, { name: 'mlp' }],
    ['an LSTM by ES', { name: 'es', horizons }, lstm],
    ['an LSTM by PES, with the analytic gradient', { name: 'pes', analytic: true, horizons }, lstm],
  ];
  for (const [title, estimator, optimizer] of kinds)
    it(`resumes bit for bit: ${title}`, async () => {
      const spec = metatrain({ ...shape, estimator }, optimizer);
      const whole = await train(spec);
      const half = await train(spec, undefined, 7);
      const resumed = await train(spec, half.end);
      assert.deepEqual(resumed.end, whole.end);
      assert.deepEqual([...half.events, ...resumed.events], whole.events);
      assert.equal(whole.end.iteration, shape.iterations);
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
    assert.equal(health[0]!.signalToNoise, null);
    const { events: usual } = await train(metatrain({ ...shape, estimator: { name: 'pes' }, horizon: 4 }));
    const last = usual.findLast((event): event is RunEventOf<'health'> => event.type === 'health');
    assert.ok(typeof last!.signalToNoise === 'number' && last!.signalToNoise > -1);
    assert.equal(last!.replaced, 0);
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
