import type { Budget, Plan } from '../plan.js';

const sizes: Record<Budget, { iterations: number; functions: number; learningRate: number; compared: number }> = {
  quick: { iterations: 1000, functions: 4, learningRate: 0.003, compared: 10_000 },
  standard: { iterations: 10_000, functions: 32, learningRate: 0.003, compared: 200_000 },
  full: { iterations: 40_000, functions: 64, learningRate: 0.003, compared: 500_000 },
};

export const seed: Plan = {
  name: 'seed',
  title: 'Parabolas of ten coordinates, 20 steps',
  source: 'the first example of a public notebook',
  summary:
    'f(x) = Σ (s∘x)², with s ~ U(0.5, 1.5) drawn for each function, from x0 ~ U(-1, 1). The measure is the sum of the losses over 20 steps. Its floor is about 3.907, of which 3.611 is f(θ₀): no method knows a coordinate before it has seen two gradients. The learned optimizer is compared with gradient descent and RMSProp, at the rate of the original, 0.1, and at their best.',
  jobs(budget) {
    const { iterations, functions, learningRate, compared } = sizes[budget];
    return [
      {
        name: 'parabola',
        title: 'Training on parabolas',
        train: {
          problem: { name: 'parabola', dimension: 10 },
          optimizer: { name: 'lstm', layers: [20, 20], inputProjection: 20 },
          training: {
            iterations,
            horizon: 20,
            unroll: 20,
            functions,
            learningRate,
            schedule: { name: 'cosine', finalFraction: 0.01 },
            clipNorm: 1,
            validation: { every: 100, functions: 2048 },
          },
        },
      },
      {
        name: 'parabola-20',
        title: 'Parabolas, 20 steps',
        of: 'parabola',
        compare: {
          problem: { name: 'parabola', dimension: 10 },
          comparison: {
            functions: compared,
            steps: 20,
            baselines: [
              { name: 'sgd', learningRate: 0.1 },
              { name: 'sgd' },
              { name: 'rmsprop', learningRate: 0.1 },
              { name: 'rmsprop' },
              { name: 'adam' },
            ],
            tuning: { functions: 2048 },
          },
        },
      },
    ];
  },
};
