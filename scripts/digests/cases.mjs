/**
 * What is digested: every example spec that needs no download, and short trainings of features that no example uses, each
 * cut to a few seconds. `changes` are merged into the example's document. A case with `weights` compares that file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

/** cifar.yaml and cifar-multi.yaml need CIFAR-10's files, which are not shipped. */
const shortened = {
  seed: { training: short(200, 50, 128), comparison: compared(1000, 128) },
  'seed-paper': { training: short(200, 50, 128), comparison: compared(1000, 128) },
  quadratic: { training: short(60, 20, 64), comparison: compared(200, 64, { points: 5 }) },
  'deepmind-quadratic': { training: short(20, 10, 64), comparison: compared(128, 64, { points: 5 }) },
  'deepmind-simple': { training: short(500, 100, 1) },
  'deepmind-simple-multi': { training: short(500, 100, 1) },
  mnist: {
    training: { ...short(10, 5, 1), horizon: 20, unroll: 10 },
    comparison: { ...compared(2, 1, { points: 3 }), steps: 10 },
  },
  shapes: {
    training: { ...short(20, 10, 1), horizon: 20, unroll: 10 },
    comparison: { ...compared(4, 2, { points: 3 }), steps: 20 },
  },
  rastrigin: { training: short(40, 20, 16), comparison: { ...compared(32, 16, { points: 5 }), steps: 40 } },
  'noisy-ensemble': { training: short(60, 20, 16), comparison: compared(64, 32, { points: 5 }) },
};

const parabola = { name: 'parabola', dimension: 4 };
const lstm = { name: 'lstm', layers: [8], preprocess: { name: 'log-sign-paper' }, outputScale: 0.1 };
const few = { functions: 64, steps: 12, baselines: [{ name: 'sgd' }], tuning: { functions: 32, points: 5 } };
/** A training of a hundred meta-iterations. */
const small = (fields) => ({
  kind: 'metatrain',
  problem: parabola,
  optimizer: lstm,
  comparison: few,
  ...fields,
  training: { iterations: 100, horizon: 20, unroll: 10, functions: 4, ...fields.training, validation: every25(fields) },
});
const every25 = ({ training }) => ({ every: 25, functions: 16, ...training?.validation });

const network = { name: 'shapes', side: 8, channels: [2, 3], kernel: 3, hidden: [4], batch: 4 };
const group = (name, parameters, optimizer) => ({ name, parameters, optimizer });

const others = {
  'over-kernels': small({
    problem: network,
    optimizer: {
      name: 'groups',
      groups: [
        group('kernels', ['conv1/weights', 'conv2/weights'], { ...lstm, over: 'kernel' }),
        group('rest', ['*'], lstm),
      ],
    },
    training: { iterations: 20, functions: 1, validation: { every: 10, functions: 2 } },
    comparison: { ...few, functions: 4, tuning: { functions: 2, points: 3 } },
  }),
  'over-all': small({ optimizer: { ...lstm, over: 'all' } }),
  groups: small({
    problem: { name: 'simple-multi', dimension: 4 },
    optimizer: {
      name: 'groups',
      groups: [
        group('first', ['x_0'], { ...lstm, layers: [4, 4], inputProjection: 3 }),
        group('rest', ['*'], { ...lstm, preprocess: { name: 'none' } }),
        group('rule', ['x_2'], { name: 'momentum', learningRate: 0.05, momentum: 0.8 }),
      ],
    },
  }),
  'groups-network': small({
    problem: network,
    optimizer: {
      name: 'groups',
      groups: [
        group('conv', ['conv1/weights', 'conv2/weights'], { ...lstm, layers: [20, 20] }),
        group('rest', ['*'], { ...lstm, layers: [20, 20] }),
      ],
    },
    training: { iterations: 20, functions: 1, validation: { every: 10, functions: 2 } },
    comparison: { ...few, functions: 4, tuning: { functions: 2, points: 3 } },
  }),
  'objective-log': small({ training: { objective: 'log', metaLoss: 'sum-and-final' } }),
  'objective-relative': small({ training: { objective: 'relative', metaLoss: 'final' } }),
  curriculum: small({
    training: {
      curriculum: [
        { from: 40, horizon: 30, unroll: 15 },
        { from: 70, horizon: 40, unroll: 20 },
      ],
      schedule: { name: 'exponential', every: 20, factor: 0.5, warmup: 10 },
      validation: { measure: 'tail' },
    },
  }),
  imitation: small({
    training: {
      imitation: { rule: { name: 'adam', learningRate: 0.05 }, iterations: 50 },
      randomScaling: 1,
      clipNorm: 1,
      validation: { measure: 'final', patience: 3 },
    },
  }),
  'second-derivatives': small({ training: { iterations: 40, secondDerivatives: 'exact', metaLoss: 'sum' } }),
  tfjs: small({ engine: { name: 'tfjs', backend: 'wasm' }, training: { iterations: 40 } }),
  rules: small({
    problem: { name: 'quadratic', dimension: 4, distribution: 'normal' },
    training: { iterations: 20 },
    comparison: {
      ...few,
      baselines: [
        'sgd',
        'momentum',
        'nag',
        'rmsprop',
        'adagrad',
        'adam',
        'adamw',
        'lion',
        'schedule-free-sgd',
        'schedule-free-adamw',
        'conjugate-gradients',
      ].map((name) => ({ name })),
      tuning: { ...few.tuning, measures: ['sum', 'final', 'tail'], parameters: { momentum: [0.5, 0.9] } },
    },
  }),
  ...Object.fromEntries(
    [
      { name: 'logistic', features: 3 },
      { name: 'rosenbrock', dimension: 3 },
      { name: 'ackley', dimension: 3 },
      { name: 'lasso', rows: 4, columns: 3 },
    ].map((problem) => [problem.name, small({ problem, training: { iterations: 20 } })]),
  ),
};

/** @returns {{ name: string, spec: object, weights: string | null }[]} */
export function cases() {
  const example = (name) => parse(readFileSync(join(examples, 'specs', `${name}.yaml`), 'utf8'));
  return [
    ...Object.entries(shortened).map(([name, changes]) => ({
      name,
      spec: merge(example(name), changes),
      weights: null,
    })),
    {
      name: 'compare',
      spec: merge(example('compare'), { comparison: compared(200, 64) }),
      weights: join(examples, 'optimizers', 'seed.safetensors'),
    },
    ...Object.entries(others).map(([name, spec]) => ({ name, spec, weights: null })),
  ];
}

function short(iterations, every, functions) {
  return { iterations, validation: { every, functions } };
}

function compared(functions, tuningFunctions, tuning = {}) {
  return { functions, resamples: 200, tuning: { functions: tuningFunctions, ...tuning } };
}

/** A document with some fields changed; lists are replaced as a whole. */
function merge(document, changes) {
  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(document) || !isObject(changes)) return changes;
  const merged = Object.entries(changes).map(([key, value]) => [key, merge(document[key], value)]);
  return { ...document, ...Object.fromEntries(merged) };
}
