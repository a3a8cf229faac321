import type { Budget, Plan, PlannedJob } from '../plan.js';
import { paperBaselines } from './baselines.js';

const sizes: Record<
  Budget,
  { iterations: number; steps: number; validated: number; compared: number; tuned: number; points: number }
> = {
  quick: { iterations: 20, steps: 40, validated: 1, compared: 2, tuned: 1, points: 3 },
  standard: { iterations: 10_000, steps: 100, validated: 8, compared: 100, tuned: 16, points: 7 },
  full: { iterations: 50_000, steps: 100, validated: 16, compared: 200, tuned: 24, points: 9 },
};

const lstm = {
  name: 'lstm',
  layers: [20, 20],
  preprocess: { name: 'log-sign-deepmind', k: 5 },
  outputScale: 0.01,
} as const;

export const cifar: Plan = {
  name: 'cifar',
  title: 'A convolutional network on CIFAR-10, and on parts of it',
  source: 'arXiv 1606.04474, section 3.3',
  summary:
    'The optimizee is a network of three convolutions of 16 channels, each with batch normalisation, ReLU and max pooling, and a fully connected layer of 32 units: 22,682 coordinates that learn from mini-batches of 128 images. The optimizer has two groups of parameters, each with its own LSTM: the weights of the convolutions, and everything else. Trained on the ten classes, it is then evaluated on five of them and on two. All comparisons use the 10,000 test images, and nothing else does.',
  jobs: (budget) => {
    const { iterations, steps, validated } = sizes[budget];
    return [
      {
        name: 'conv-net',
        title: 'Training on CIFAR-10',
        train: {
          problem: { name: 'cifar' },
          optimizer: {
            name: 'groups',
            groups: [
              { name: 'conv', parameters: ['conv1/weights', 'conv2/weights', 'conv3/weights'], optimizer: lstm },
              { name: 'rest', parameters: ['*'], optimizer: lstm },
            ],
          },
          training: {
            iterations,
            horizon: steps,
            unroll: 20,
            learningRate: 0.001,
            metaLoss: 'sum-and-final',
            validation: { every: budget === 'quick' ? 10 : 250, functions: validated },
          },
        },
      },
      imagesOf('cifar-10', 'CIFAR-10, test pictures', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], budget),
      imagesOf('cifar-5', 'Transfer to CIFAR-5: airplanes to deer', [0, 1, 2, 3, 4], budget),
      imagesOf('cifar-2', 'Transfer to CIFAR-2: airplanes and automobiles', [0, 1], budget),
    ];
  },
};

function imagesOf(name: string, title: string, classes: number[], budget: Budget): PlannedJob {
  const { steps, compared, tuned, points } = sizes[budget];
  return {
    name,
    title,
    of: 'conv-net',
    compare: {
      problem: { name: 'cifar', classes },
      comparison: {
        functions: compared,
        steps,
        baselines: budget === 'quick' ? [{ name: 'sgd' }, { name: 'adam' }] : paperBaselines,
        tuning: { functions: tuned, ratio: 10 ** (1 / 4), points },
      },
    },
  };
}
