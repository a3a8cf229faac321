import type { PeerName } from './peers.js';

/** What is measured: a family of functions, a learned optimizer, and the length of the unroll. */
export interface Workload {
  name: string;
  title: string;
  /** The problem, as in a job document. */
  problem: Record<string, unknown>;
  /** The learned optimizer, as in a job document, with every field set. */
  optimizer: {
    layers: number[];
    inputProjection: number | null;
    preprocess: { name: string; k?: number };
    outputScale: number;
  };
  functions: number;
  /** Coordinates of one function. */
  coordinates: number;
  /** T. */
  steps: number;
  /** Digits in each step's mini-batch, if the functions use digits. */
  batch?: number;
  /** The forms of each peer to try, the best so far first. */
  forms: Record<PeerName, readonly string[]>;
}

const lstm = { layers: [20, 20], inputProjection: null, preprocess: { name: 'none' }, outputScale: 1 };
const ours = { us: [''], tfjs: [''] };

const parabola: Workload = {
  name: 'W1',
  title: "the seed's parabola, 10 coordinates, one function",
  problem: { name: 'parabola', dimension: 10 },
  optimizer: { ...lstm, inputProjection: 20 },
  functions: 1,
  coordinates: 10,
  steps: 20,
  forms: {
    ...ours,
    jax: ['plain+joined', 'plain+joined+tanh', 'saved+joined', 'plain'],
    torch: ['sequence+passive', 'sequence', 'eager'],
    'torch-compile': ['compile-unroll+passive', 'compile-unroll', 'compile-step+passive'],
  },
};

const quadratic: Workload = {
  name: 'W2',
  title: 'quadratic, 10 coordinates, 128 functions',
  problem: { name: 'quadratic', dimension: 10, distribution: 'uniform' },
  optimizer: lstm,
  functions: 128,
  coordinates: 10,
  steps: 20,
  forms: {
    ...ours,
    jax: ['saved+joined', 'saved+joined+tanh', 'saved+ones', 'checkpoint+joined'],
    torch: ['eager+columns+passive', 'eager+columns', 'sequence+passive'],
    'torch-compile': ['compile-unroll+columns+passive', 'compile-unroll+columns', 'compile-step+columns+passive'],
  },
};

const digits: Workload = {
  name: 'W3',
  title: 'MNIST MLP 784-20-10, batches of 128 digits',
  problem: { name: 'mnist' },
  optimizer: { ...lstm, preprocess: { name: 'log-sign-deepmind', k: 5 }, outputScale: 0.01 },
  functions: 1,
  coordinates: 15_910,
  steps: 20,
  batch: 128,
  forms: {
    ...ours,
    jax: ['saved+joined', 'saved+joined+tanh', 'saved+ones', 'checkpoint+joined'],
    torch: ['eager+columns+passive', 'eager+columns', 'sequence+passive'],
    'torch-compile': ['compile-unroll+columns+passive', 'compile-unroll+columns', 'compile-step+columns+passive'],
  },
};

/** A long unroll is too long for forms that compile all steps into one graph; nested checkpoints may pay off there. */
function long(workload: Workload, steps: number): Workload {
  return {
    ...workload,
    name: `${workload.name}-T${steps}`,
    title: `${workload.title}, T = ${steps}`,
    steps,
    forms: {
      ...ours,
      jax: ['saved+joined', 'nested+joined', 'checkpoint+joined'],
      torch: ['eager+columns+passive', 'eager+columns'],
      'torch-compile': ['compile-step+columns+passive', 'compile-step+columns'],
    },
  };
}

export const workloads: readonly Workload[] = [parabola, quadratic, digits, long(digits, 100), long(digits, 200)];

/** One line of a growth curve: each peer in one form, since only the slope matters here. */
function growing(name: string, coordinates: number, steps: number): Workload {
  return {
    name,
    title: `parabola, ${coordinates} coordinates, T = ${steps}`,
    problem: { name: 'parabola', dimension: coordinates },
    optimizer: lstm,
    functions: 1,
    coordinates,
    steps,
    forms: {
      ...ours,
      jax: ['saved+joined'],
      torch: ['eager+columns+passive'],
      'torch-compile': ['compile-step+columns+passive'],
    },
  };
}

export const coordinateGrowth = [1e3, 1e4, 1e5, 1e6, 1e7].map((n) => growing('N', n, 20));
export const stepGrowth = [10, 20, 50, 100, 200, 500].map((steps) => growing('T', 1e4, steps));
