import type { Budget, Plan, PlannedJob } from '../plan.js';
import { allBaselines, paperBaselines } from './baselines.js';

const sizes: Record<
  Budget,
  { iterations: number; functions: number; every: number; validated: number; compared: number; tuned: number }
> = {
  quick: { iterations: 300, functions: 1, every: 100, validated: 2, compared: 6, tuned: 3 },
  standard: { iterations: 16_000, functions: 4, every: 250, validated: 16, compared: 128, tuned: 24 },
  full: { iterations: 50_000, functions: 8, every: 500, validated: 32, compared: 256, tuned: 48 },
};

export const mnist: Plan = {
  name: 'mnist',
  title: 'A perceptron on handwritten digits',
  source: 'arXiv 1606.04474, section 3.2',
  summary:
    'The optimizee is a perceptron of 20 sigmoid units, 784-20-10, that learns handwritten digits from mini-batches of 128: 15,910 coordinates. The optimizer is trained for 100 steps, and then also run for 200. 2,000 digits are held out, and 100 steps see each six times; so in training, too, each function has 2,000 digits of its own. All comparisons draw from digits that training and validation never see. The hand-designed optimizers are tuned on those same digits, for the sum and for the last tenth of the steps, from other starting points and in other mini-batches.',
  jobs: (budget) => [
    { name: 'mlp', title: 'Training on the perceptron, 100 steps', train: training(budget) },
    digits('mlp-100', 'Held-out digits, 100 steps', 'mlp', {}, 100, budget),
    digits('mlp-200', 'Held-out digits, 200 steps: twice as long as trained', 'mlp', {}, 200, budget),
  ],
};

function training(budget: Budget) {
  const { iterations, functions, every, validated } = sizes[budget];
  return {
    problem: { name: 'mnist', examples: 2000 },
    optimizer: { name: 'lstm', layers: [20, 20], preprocess: { name: 'log-sign-paper', p: 10 }, outputScale: 0.01 },
    training: {
      iterations,
      horizon: 100,
      unroll: 20,
      functions,
      learningRate: 0.003,
      schedule: { name: 'cosine', warmup: 100, finalFraction: 0.01 },
      metaLoss: 'sum-and-final',
      // Late losses are a tenth of the early ones; logarithms give them equal weight.
      objective: 'log',
      validation: { every, functions: validated, measure: 'tail' },
    },
  } as const;
}

/** A comparison on held-out digits. */
export function digits(
  name: string,
  title: string,
  of: string,
  network: { hidden?: number[]; activation?: 'sigmoid' | 'relu' },
  steps: number,
  budget: Budget,
): PlannedJob {
  const { compared, tuned } = sizes[budget];
  const quick = budget === 'quick';
  return {
    name,
    title,
    of,
    compare: {
      problem: { name: 'mnist', ...network },
      comparison: {
        functions: compared,
        steps,
        baselines: quick ? paperBaselines : allBaselines,
        // On the comparison's own digits, which favours the rules: they see the 2,000 many times.
        tuning: {
          functions: tuned,
          measures: ['sum', 'tail'],
          examples: 'held-out',
          ratio: 10 ** (1 / 4),
          points: quick ? 5 : 9,
        },
      },
    },
  };
}
