import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJobSpec } from '../../../src/contract/validate.js';
import { divergence, type Failure } from '../../../src/core/metatrain/divergence.js';

const lstm = { name: 'lstm' };
const groups = (...optimizers: object[]) => ({
  name: 'groups',
  groups: optimizers.map((optimizer, i) => ({ name: `g${i}`, parameters: [`x_${i}`], optimizer })),
});
const sgd = { name: 'sgd', learningRate: 1 };
const imitation = { rule: sgd, iterations: 50 };
const curriculum = [{ from: 60, horizon: 40, unroll: 40 }];

const cases: [
  when: string,
  failure: Failure,
  iteration: number,
  training: object,
  optimizer: object,
  advice: string,
][] = [
  ['a loss, before any step', 'loss', 0, {}, lstm, 'A smaller optimizer.outputScale may help.'],
  [
    'a loss, later',
    'loss',
    7,
    {},
    lstm,
    'A lower training.learningRate, a training.clipNorm or a smaller optimizer.outputScale may help.',
  ],
  [
    'a loss, with clipping',
    'loss',
    7,
    { clipNorm: 1 },
    lstm,
    'A lower training.learningRate or a smaller optimizer.outputScale may help.',
  ],
  [
    'a loss, beside a rule',
    'loss',
    0,
    {},
    groups(lstm, sgd),
    'A lower learningRate of the rules in optimizer.groups or a smaller outputScale in optimizer.groups may help.',
  ],
  [
    'a loss, of networks only',
    'loss',
    0,
    {},
    groups(lstm, lstm),
    'A smaller outputScale in optimizer.groups may help.',
  ],
  [
    'a loss, on the way of a rule that is imitated',
    'loss',
    7,
    { imitation },
    lstm,
    'A lower training.imitation.rule.learningRate may help.',
  ],
  [
    'a meta-gradient of an imitation',
    'meta-gradient',
    0,
    { imitation },
    lstm,
    'A higher training.imitation.rule.learningRate (errors are measured in units of it) or a smaller optimizer.outputScale may help.',
  ],
  [
    'a meta-gradient, before any step',
    'meta-gradient',
    0,
    { curriculum },
    lstm,
    'A shorter training.unroll or a smaller optimizer.outputScale may help.',
  ],
  [
    'a meta-gradient, in a later stage',
    'meta-gradient',
    60,
    { curriculum, clipNorm: 1 },
    lstm,
    'A lower training.learningRate, a shorter training.curriculum[0].unroll or a smaller optimizer.outputScale may help.',
  ],
  [
    'a meta-gradient of evolution strategies without a maximum loss',
    'meta-gradient',
    7,
    { estimator: { name: 'pes', maximumLoss: null } },
    { name: 'mlp' },
    'A lower training.learningRate, a training.clipNorm or a training.estimator.maximumLoss may help.',
  ],
  [
    'a meta-gradient of evolution strategies with a large one',
    'meta-gradient',
    0,
    { estimator: { name: 'es', maximumLoss: 1e30 } },
    lstm,
    'A lower training.estimator.maximumLoss or a smaller optimizer.outputScale may help.',
  ],
  [
    'every validation, at a rate of its own',
    'validation',
    0,
    { estimator: { name: 'pes' }, inner: { learningRate: 1 } },
    { name: 'mlp' },
    'A lower training.inner.learningRate or a shorter training.validation.horizon may help.',
  ],
  ['Adam’s moments', 'moments', 7, {}, lstm, 'A training.clipNorm, such as 1, may help.'],
  ['a weight', 'weights', 0, {}, lstm, 'A lower training.learningRate may help.'],
  [
    'every validation',
    'validation',
    100,
    { clipNorm: 1 },
    lstm,
    'A lower training.learningRate, a shorter training.validation.horizon or a smaller optimizer.outputScale may help.',
  ],
];

describe('what may help if something is not finite', () => {
  for (const [when, failure, iteration, training, optimizer, advice] of cases)
    it(when, () => {
      const problem = { name: 'simple-multi', dimension: 2 };
      const spec = parseJobSpec({ kind: 'metatrain', problem, optimizer, training });
      assert.ok(spec.kind === 'metatrain');
      const event = divergence(spec, { iteration, bestIteration: -1 }, failure, null);
      assert.ok(event.type === 'diverged');
      assert.ok(
        event.message.endsWith(`: no earlier weights had a finite validation loss. ${advice}`.slice(2)),
        event.message,
      );
      assert.equal(event.where, failure === 'moments' ? 'meta-gradient' : failure);
    });
});
