import type { RuleSpec } from '../../contract/optimizers.js';
import type { Budget, Input, Plan, PlannedJob } from '../plan.js';

/** Training epochs of the three problems, five unrolls each, and functions compared. */
const sizes: Record<Budget, { simple: number; quadratic: number; mnist: number; compared: number; digits: number }> = {
  quick: { simple: 500, quadratic: 60, mnist: 15, compared: 512, digits: 5 },
  standard: { simple: 500, quadratic: 1000, mnist: 1000, compared: 4096, digits: 100 },
  full: { simple: 10_000, quadratic: 10_000, mnist: 10_000, compared: 50_000, digits: 100 },
};

/** Adam at the default rate of their evaluation, and tuned. */
const baselines: readonly Input<RuleSpec>[] = [{ name: 'adam', learningRate: 0.001 }, { name: 'adam' }];

const epoch = { horizon: 100, unroll: 20, metaLoss: 'sum-and-final' } as const;
const unrolls = epoch.horizon / epoch.unroll;

/** A linear map of the gradient, with weights initialised to 0. */
const linear = { name: 'lstm', layers: [], initialisation: { kernels: 'zeros' } } as const;

export const deepmind: Plan = {
  name: 'deepmind',
  title: 'The problems of deepmind/learning-to-learn, with its defaults',
  source: 'github.com/deepmind/learning-to-learn',
  summary:
    'Their simple, simple-multi, quadratic and mnist problems as their train.py sets them up: epochs of 100 steps in unrolls of 20, the meta-loss an unweighted sum over the points of an unroll, the last included, Adam as meta-optimizer, without clipping, keeping the weights with the best mean final loss. docs/deepmind.md maps each of their flags to ours, and says what differs on purpose.',
  jobs: (budget) => {
    const size = sizes[budget];
    const quick = budget === 'quick';
    return [
      {
        name: 'simple',
        title: 'Training on x²',
        train: {
          problem: { name: 'simple' },
          optimizer: linear,
          training: simpleTraining(size.simple),
        },
      },
      simplest('simple', 'x², 100 steps'),
      {
        name: 'simple-multi',
        title: 'Training on x₀² + x₁², x₁ left to Adam',
        train: {
          problem: { name: 'simple-multi' },
          optimizer: {
            name: 'groups',
            groups: [
              { name: 'cw', parameters: ['x_0'], optimizer: linear },
              { name: 'adam', parameters: ['x_1'], optimizer: { name: 'adam', learningRate: 0.1 } },
            ],
          },
          training: simpleTraining(size.simple),
        },
      },
      simplest('simple-multi', 'x₀² + x₁², 100 steps'),
      {
        name: 'quadratic',
        title: 'Training on quadratics, U[0, 1), 128 at a time',
        train: {
          problem: { name: 'quadratic', dimension: 10, distribution: 'uniform' },
          optimizer: { name: 'lstm', layers: [20, 20] },
          training: {
            ...epoch,
            iterations: size.quadratic * unrolls,
            functions: 128,
            learningRate: 0.001,
            validation: { every: quick ? 50 : 500, functions: 1024, measure: 'final' },
          },
        },
      },
      {
        name: 'quadratic-100',
        title: 'Quadratics, U[0, 1), 100 steps',
        of: 'quadratic',
        compare: {
          problem: { name: 'quadratic', dimension: 10, distribution: 'uniform' },
          comparison: {
            functions: size.compared,
            steps: 100,
            baselines,
            tuning: { functions: quick ? 512 : 2048, measure: 'final' },
          },
        },
      },
      {
        name: 'mnist',
        title: 'Training on the digits’ perceptron',
        train: {
          problem: { name: 'mnist' },
          optimizer: {
            name: 'lstm',
            layers: [20, 20],
            preprocess: { name: 'log-sign-deepmind', k: 5 },
            outputScale: 0.01,
          },
          training: {
            ...epoch,
            iterations: size.mnist * unrolls,
            learningRate: 0.001,
            validation: { every: quick ? 25 : 500, functions: quick ? 2 : 20, measure: 'final' },
          },
        },
      },
      {
        name: 'mnist-100',
        title: 'Held-out digits, 100 steps',
        of: 'mnist',
        compare: {
          problem: { name: 'mnist' },
          comparison: {
            functions: size.digits,
            steps: 100,
            baselines,
            tuning: { functions: quick ? 3 : 24, measure: 'final', ratio: 10 ** (1 / 4), points: 9 },
          },
        },
      },
    ];
  },
};

function simpleTraining(epochs: number) {
  return {
    ...epoch,
    iterations: epochs * unrolls,
    learningRate: 0.01,
    validation: { every: 100 * unrolls, functions: 1, measure: 'final' },
  } as const;
}

/** All functions of these families are the same. */
function simplest(name: 'simple' | 'simple-multi', title: string): PlannedJob {
  const comparison = { functions: 2, steps: 100, baselines, tuning: { functions: 1, measure: 'final' } } as const;
  return { name: `${name}-100`, title, of: name, compare: { problem: { name }, comparison } };
}
