import type { ProblemSpec } from '../../contract/problems.js';
import { type Budget, type Input, type PlannedJob, suiteJobName } from '../plan.js';

/**
 * The held-out tasks by which an optimizer that should carry over is judged. They were fixed before any such optimizer was
 * trained: nothing is trained on them, and no weights are chosen by them. Each differs from the training tasks in size, in
 * data or in family.
 */
export interface SuiteTask {
  /** Also the beginning of its jobs' names. */
  name: string;
  title: string;
  /** Why it is in the suite. */
  why: string;
  problem: Input<ProblemSpec>;
  steps: number;
  /** Functions compared, and functions that rates are tuned on. */
  functions: number;
  tuned: number;
}

/** A network's: costly, and alike from one start to the next. */
const network = { functions: 4, tuned: 2 } as const;
/** A classical function's: cheap, and very different from one draw to the next. */
const classical = { functions: 32, tuned: 32 } as const;
/** The longest horizon of training is 2,000 steps. */
const long = 25 * 2000;

export const suiteTasks: readonly SuiteTask[] = [
  {
    name: 'wide',
    title: 'Wide: digits, 784-128-10, ReLU',
    why: 'Forty times as many weights as in training, in a hidden layer four times as wide, on images of full size.',
    problem: { name: 'perceptron', dataset: 'digits', hidden: [128], activation: 'relu', batch: 32 },
    steps: 500,
    ...network,
  },
  {
    name: 'deep',
    title: 'Deep: digits at 8 × 8, six hidden layers of 32',
    why: 'Six hidden layers where training has one: gradients of very different sizes from layer to layer.',
    problem: {
      name: 'perceptron',
      dataset: 'digits-8',
      hidden: [32, 32, 32, 32, 32, 32],
      activation: 'relu',
      initialisation: 'he',
      batch: 32,
    },
    steps: 1000,
    ...network,
  },
  {
    name: 'relu',
    title: 'ReLU: digits, 784-20-10',
    why: 'The network of 1606.04474 with ReLU, to which the LSTM that was trained on its sigmoid network does not carry over.',
    problem: { name: 'mnist', activation: 'relu' },
    steps: 500,
    ...network,
  },
  {
    name: 'two-layer',
    title: 'Two layers: digits, 784-20-20-10, sigmoid',
    why: 'The network of 1606.04474 with two hidden layers, to which its optimizer carries over; it begins with a plateau.',
    problem: { name: 'mnist', hidden: [20, 20] },
    steps: 500,
    ...network,
  },
  {
    name: 'gelu',
    title: 'GELU: digits, 784-32-32-10',
    why: 'Another activation than in training, two layers, and images of full size.',
    problem: { name: 'perceptron', dataset: 'digits', hidden: [32, 32], activation: 'gelu', batch: 32 },
    steps: 1000,
    ...network,
  },
  {
    name: 'tanh',
    title: 'Tanh: coloured shapes at 16 × 16, 768-24-8',
    why: 'Another activation and larger images in colour, whose channels are correlated; the widest inputs beside digits.',
    problem: { name: 'perceptron', dataset: 'shapes-16', hidden: [24], activation: 'tanh', batch: 32 },
    steps: 1000,
    ...network,
  },
  {
    name: 'squared-error',
    title: 'Squared error: grey shapes at 32 × 32, 1,024-16-8',
    why: 'Another loss, whose gradients vanish near the minimum in proportion to the error.',
    problem: {
      name: 'perceptron',
      dataset: 'shapes-32-grey',
      hidden: [16],
      activation: 'relu',
      loss: 'squared-error',
      batch: 32,
    },
    steps: 1000,
    ...network,
  },
  {
    name: 'autoencoder',
    title: 'Autoencoder: digits, 784-32-8-32-784, ReLU',
    why: 'Another kind of loss, without classes: the images are reproduced from eight numbers, and the last layer is as wide as the first.',
    problem: { name: 'autoencoder', dataset: 'digits', encoder: [32, 8], decoder: [32], batch: 32 },
    steps: 1000,
    ...network,
  },
  {
    name: 'conv',
    title: 'Convolutions: coloured shapes at 8 × 8',
    why: 'Another family: weights that are shared between places, and parameters of four axes.',
    problem: { name: 'shapes', side: 8, channels: [8, 16], kernel: 3, batchNorm: false, batch: 32 },
    steps: 1000,
    ...network,
  },
  {
    name: 'conv-norm',
    title: 'Convolutions with batch normalisation: coloured shapes at 16 × 16',
    why: 'With normalisation the loss does not depend on the size of most weights, and biases before it have no gradient.',
    problem: { name: 'shapes', side: 16, channels: [8, 8], kernel: 3, batch: 16 },
    steps: 500,
    ...network,
  },
  {
    name: 'softmax',
    title: 'Multinomial logistic regression: digits, 784-10',
    why: 'A convex problem of nearly eight thousand coordinates, without a hidden layer.',
    problem: { name: 'perceptron', dataset: 'digits', hidden: [], batch: 64 },
    steps: 1000,
    ...network,
  },
  {
    name: 'rosenbrock',
    title: 'Rosenbrock’s valley, ten coordinates',
    why: 'No data and no noise: a curved valley with steep walls, where steps of constant size oscillate.',
    problem: { name: 'rosenbrock', dimension: 10 },
    steps: 1000,
    ...classical,
  },
  {
    name: 'ackley',
    title: 'Ackley’s function, ten coordinates',
    why: 'No data and no noise: a rippled plain with a narrow minimum, which has many local ones.',
    problem: { name: 'ackley', dimension: 10 },
    steps: 1000,
    ...classical,
  },
  {
    name: 'quadratic-long',
    title: 'Quadratics of ten coordinates, 50,000 steps',
    why: 'Badly conditioned, with a minimum of 0, for 25 times the longest horizon of training.',
    problem: { name: 'quadratic', dimension: 10 },
    steps: long,
    ...classical,
    tuned: 8,
  },
  {
    name: 'softmax-long',
    title: 'Multinomial logistic regression: digits at 8 × 8, 50,000 steps',
    why: 'Convex, with noise that does not vanish, for 25 times the longest horizon of training.',
    problem: { name: 'perceptron', dataset: 'digits-8', hidden: [], batch: 16 },
    steps: long,
    functions: 4,
    tuned: 1,
  },
  {
    name: 'perceptron-long',
    title: 'A small perceptron: grey shapes at 8 × 8, 64-12-8, sigmoid, 50,000 steps',
    why: 'Not convex, with another activation than in training, for 25 times the longest horizon of training.',
    problem: {
      name: 'perceptron',
      dataset: 'shapes-8-grey',
      hidden: [12],
      activation: 'sigmoid',
      initialisation: 'glorot',
      batch: 16,
    },
    steps: long,
    functions: 4,
    tuned: 1,
  },
];

/** Points per curve: every 2 steps of 500, every 200 of 50,000, so that windows of a tenth are whole pieces. */
const points = 251;

/** A task of a budget: in a quick one, the same problem for 50 steps. */
export function suiteTask(task: SuiteTask, budget: Budget): SuiteTask {
  return budget === 'quick' ? { ...task, steps: 50, functions: 4, tuned: 1 } : task;
}

/** The tasks of a budget: a quick one has one of each kind. */
export function suiteOf(budget: Budget): SuiteTask[] {
  const quick = ['deep', 'conv-norm', 'rosenbrock', 'softmax-long'];
  return suiteTasks
    .filter(({ name }) => budget !== 'quick' || quick.includes(name))
    .map((task) => suiteTask(task, budget));
}

/**
 * A comparison on a task. Every learned optimizer's comparisons are on the same functions, mini-batches included.
 * @param name its name after the task's
 * @param of the training or given optimizer that it is about
 * @param compare what differs between a task's comparisons
 */
export function suiteJob(
  task: SuiteTask,
  name: string,
  of: string,
  compare: Pick<NonNullable<Extract<PlannedJob, { of: string }>['compare']['comparison']>, 'baselines' | 'learned'>,
  budget: Budget,
): PlannedJob {
  const { title, problem, steps, functions, tuned } = task;
  return {
    name: suiteJobName(task, name),
    title: `${title} (${name})`,
    of,
    compare: {
      problem,
      comparison: {
        functions,
        steps,
        // Held-out sets are small: tuned on the larger ones, rules would be tuned for another noise.
        tuning: {
          functions: tuned,
          measure: 'tail',
          examples: 'held-out',
          ratio: Math.sqrt(10),
          points: budget === 'quick' ? 3 : 7,
        },
        curves: { points, functions: true },
        ...compare,
      },
    },
  };
}
