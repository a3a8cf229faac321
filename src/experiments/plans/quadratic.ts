import type { Budget, Plan, PlannedJob } from '../plan.js';
import { allBaselines, paperBaselines } from './baselines.js';

const sizes: Record<Budget, { iterations: number; functions: number; compared: number; tuned: number }> = {
  quick: { iterations: 1500, functions: 16, compared: 4000, tuned: 2048 },
  standard: { iterations: 30_000, functions: 128, compared: 50_000, tuned: 20_000 },
  full: { iterations: 100_000, functions: 256, compared: 100_000, tuned: 20_000 },
};

export const optimizer = {
  name: 'lstm',
  layers: [20, 20],
  preprocess: { name: 'log-sign-paper', p: 10 },
  outputScale: 0.1,
} as const;

export const training = {
  horizon: 100,
  unroll: 20,
  learningRate: 0.004,
  schedule: { name: 'cosine', warmup: 100, finalFraction: 0.01 },
  clipNorm: 1,
  metaLoss: 'sum-and-final',
} as const;

export const quadratic: Plan = {
  name: 'quadratic',
  title: 'Quadratics of ten coordinates, 100 steps',
  source: 'arXiv 1606.04474, section 3.1',
  summary:
    'f(x) = |Wx - y|², with W and y drawn for each function, in both published forms: entries from U[0, 1) (deepmind/learning-to-learn) and from N(0, 1) (the paper). One optimizer is trained for each form, by truncated back-propagation through 20 of the 100 steps. The normal form has a heavy tail: a few functions make up much of the mean, so the median is shown too, and the comparison takes many functions. Conjugate gradients, which know that the function is quadratic and see all its coordinates at once, are a yardstick.',
  jobs: (budget) => [...family('uniform', budget), ...family('normal', budget)],
};

function family(distribution: 'uniform' | 'normal', budget: Budget): PlannedJob[] {
  const { iterations, functions, compared, tuned } = sizes[budget];
  const entries = distribution === 'uniform' ? 'U[0, 1)' : 'N(0, 1)';
  const problem = { name: 'quadratic', dimension: 10, distribution } as const;
  return [
    {
      name: distribution,
      title: `Training on quadratics, ${entries}`,
      train: {
        problem,
        optimizer,
        training: {
          ...training,
          iterations,
          functions,
          validation: { every: Math.ceil(iterations / 30), functions: budget === 'quick' ? 1024 : 4096 },
        },
      },
    },
    {
      name: `${distribution}-100`,
      title: `Quadratics, ${entries}, 100 steps`,
      of: distribution,
      compare: {
        problem,
        comparison: {
          functions: compared,
          steps: 100,
          baselines: [...(budget === 'quick' ? paperBaselines : allBaselines), { name: 'conjugate-gradients' }],
          tuning: { functions: tuned, measures: ['sum', 'final'] },
        },
      },
    },
  ];
}
