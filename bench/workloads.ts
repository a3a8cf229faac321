import type { Kind, PeerName } from './peers.js';

/** What is measured. */
export type Workload = Unroll | PesStep | TensorStep;

interface Common {
  kind: Kind;
  name: string;
  title: string;
  functions: number;
  /** Coordinates of one function. */
  coordinates: number;
  /** T. */
  steps: number;
  /** The forms of each peer to try, the best so far first; a peer without any does not take part. */
  forms: Partial<Record<PeerName, readonly string[]>>;
}

/** A meta-step of an LSTM by back-propagation: a family of functions, the learned optimizer, the length of the unroll. */
export interface Unroll extends Common {
  kind: 'unroll';
  /** The problem, as in a job document. */
  problem: Record<string, unknown>;
  /** The learned optimizer, as in a job document, with every field set. */
  optimizer: {
    layers: number[];
    inputProjection: number | null;
    preprocess: { name: string; k?: number };
    outputScale: number;
  };
  /** Digits in each step's mini-batch, if the functions use digits. */
  batch?: number;
}

/** An outer step of persistent evolution strategies; `functions` are its antithetic pairs. */
export interface PesStep extends Common {
  kind: 'pes';
  /** As in a job document. */
  problem: Record<string, unknown>;
}

/** A step of an optimizer on one matrix. */
export interface TensorStep extends Common {
  kind: 'step';
  shape: [rows: number, columns: number];
}

const lstm = { layers: [20, 20], inputProjection: null, preprocess: { name: 'none' }, outputScale: 1 };
const ours = { us: [''], tfjs: [''] };

const parabola: Unroll = {
  kind: 'unroll',
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

const quadratic: Unroll = {
  kind: 'unroll',
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

const digits: Unroll = {
  kind: 'unroll',
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
function long(workload: Unroll, steps: number): Unroll {
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

/** Four tasks with eight antithetic pairs each, of one shape, whose horizons are drawn from 100 to 2,000 steps. */
export const evolution: PesStep = {
  kind: 'pes',
  name: 'W4',
  title: 'an outer step of Celo2-base by PES, four MLPs 64-32-10, 64 particles, 50 steps',
  problem: { name: 'perceptron', dataset: 'digits-8', hidden: [32], activation: 'relu', batch: 64 },
  functions: 32,
  coordinates: 2410,
  steps: 50,
  forms: { us: [''], bf16: [''], jax: ['scalar+devices', 'scalar+devices+tasks', 'scalar'], published: ['published'] },
};

const matrix: TensorStep = {
  kind: 'step',
  name: 'W5',
  title: 'a step of Celo2-base on one matrix, 1,000 × 1,000',
  shape: [1000, 1000],
  functions: 1,
  coordinates: 1e6,
  steps: 1,
  forms: {
    us: [''],
    bf16: [''],
    jax: ['blocks', 'scalar'],
    published: ['published'],
    torch: ['folded', 'folded+passive', 'groups'],
    'torch-compile': ['compile', 'compile+passive'],
  },
};

export const workloads: readonly Workload[] = [
  parabola,
  quadratic,
  digits,
  long(digits, 100),
  long(digits, 200),
  evolution,
  matrix,
];

/** Those that compare meta-steps by back-propagation. */
export const unrolls = workloads.filter((workload): workload is Unroll => workload.kind === 'unroll');

/** One line of a growth curve: each peer in one form, since only the slope matters here. */
function growing(name: string, coordinates: number, steps: number): Unroll {
  return {
    kind: 'unroll',
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
