import type { Dataset } from '../../../src/contract/datasets.js';
import { imageSet } from '../../../src/contract/image-sets.js';
import type { LstmSpec } from '../../../src/contract/networks/lstm.js';
import type { GroupRule, GroupSpec, LearnedSpec } from '../../../src/contract/optimizers.js';
import type { AutoencoderSpec } from '../../../src/contract/problems/autoencoder.js';
import type { PerceptronSpec } from '../../../src/contract/problems/perceptron.js';
import type { ShapesSpec } from '../../../src/contract/problems/shapes.js';
import { type ProblemSpec, partsOf } from '../../../src/contract/problems.js';
import type { TrainingSpec } from '../../../src/contract/training.js';
import { initialise } from '../../../src/core/learned/initialise.js';
import { sampleFunctions } from '../../../src/core/problems/batch.js';
import { Purpose } from '../../../src/core/random/random.js';
import { makeShapes } from '../../../src/data/shapes.js';
import { variantOf } from '../../../src/data/variants.js';
import { lstmSpec, normal, testSeed, uniform } from '../../weights/samples.js';
import { madeUpDigits } from '../problems/made-up-digits.js';

/** Test cases for the engines: problems, learned optimizers, and random ones, drawn from the seed. */

export const seed = testSeed();
console.log(`seed ${seed}`);

/** Weights drawn from N(0, scale² / fan-in), biases from N(0, scale²). */
export function randomPhi(
  spec: LearnedSpec,
  scale: number,
  problem: ProblemSpec = { name: 'simple' },
  from = seed,
): Float32Array {
  const draw = normal(from);
  const phi = initialise(spec, problem, from);
  return phi.map((w) => scale * (w === 0 ? 0.3 * draw() : w));
}

export const problems: ProblemSpec[] = [
  { name: 'simple' },
  { name: 'simple-multi', dimension: 3 },
  { name: 'parabola', dimension: 3 },
  { name: 'quadratic', dimension: 3, distribution: 'uniform' },
  { name: 'quadratic', dimension: 5, distribution: 'normal' },
];
function perceptron(fields: Partial<PerceptronSpec>): PerceptronSpec {
  return {
    name: 'perceptron',
    dataset: 'digits-8',
    hidden: [],
    activation: 'relu',
    loss: 'cross-entropy',
    initialisation: 'lecun',
    labels: 'given',
    batch: 64,
    examples: null,
    ...fields,
  };
}
function autoencoder(fields: Partial<AutoencoderSpec>): AutoencoderSpec {
  return {
    name: 'autoencoder',
    dataset: 'digits-8',
    encoder: [8],
    decoder: [],
    activation: 'relu',
    initialisation: 'lecun',
    batch: 64,
    examples: null,
    ...fields,
  };
}
/** The digits have 784 pixels, so one unit has 795 coordinates: as small as possible, for the sake of fp64. */
export const perceptrons: ProblemSpec[] = [
  { name: 'mnist', hidden: [1], activation: 'sigmoid', batch: 4, examples: null },
  { name: 'mnist', hidden: [1, 2], activation: 'tanh', batch: 3, examples: null },
  perceptron({ hidden: [1, 2], activation: 'gelu', batch: 3 }),
  perceptron({ hidden: [2], activation: 'gelu', loss: 'squared-error', labels: 'permuted', batch: 2 }),
  perceptron({ dataset: 'shapes-8-grey', hidden: [], activation: 'sigmoid', labels: 'permuted', batch: 4 }),
  autoencoder({ encoder: [1], decoder: [], activation: 'tanh', batch: 2 }),
];
export const widePerceptrons: ProblemSpec[] = [
  { name: 'mnist', hidden: [], activation: 'relu', batch: 1, examples: null },
  { name: 'mnist', hidden: [20], activation: 'sigmoid', batch: 37, examples: null },
  { name: 'mnist', hidden: [33, 7], activation: 'tanh', batch: 5, examples: 11 },
  { name: 'mnist', hidden: [3, 17, 16, 5], activation: 'relu', batch: 16, examples: null },
  perceptron({ hidden: [33, 7], activation: 'gelu', batch: 17 }),
  autoencoder({ encoder: [17, 3], decoder: [9, 5], activation: 'gelu', batch: 5 }),
  perceptron({ dataset: 'shapes-8', hidden: [5, 20], activation: 'relu', loss: 'squared-error', labels: 'permuted' }),
  perceptron({ dataset: 'shapes-8-grey', hidden: [16], activation: 'tanh', labels: 'permuted', examples: 9 }),
];
/** Random sizes, different with each seed. */
const drawSize = uniform(seed + 2);
const size = (low: number, high: number) => low + Math.floor(drawSize() * (high - low + 1));
export const testFunctions: ProblemSpec[] = [
  { name: 'logistic', features: size(1, 6), examples: size(2, 20), l2: drawSize() },
  { name: 'rosenbrock', dimension: size(2, 6), steepness: 100 },
  { name: 'rastrigin', dimension: size(1, 6), alpha: 10 * drawSize() },
  { name: 'ackley', dimension: size(1, 6) },
  { name: 'lasso', rows: size(1, 6), columns: size(1, 6), l1: drawSize() },
];
export const isTestFunction = (problem: ProblemSpec) => testFunctions.includes(problem);
/** Composites, one within the other. */
export const composed: ProblemSpec[] = [
  { name: 'rescaled', range: 1.5, problem: { name: 'quadratic', dimension: 4, distribution: 'normal' } },
  { name: 'noisy', deviation: 0.5, problem: { name: 'parabola', dimension: 3 } },
  { name: 'rescaled', range: 1, per: 'tensor', problem: { name: 'simple-multi', dimension: 3 } },
  {
    name: 'noisy',
    deviation: 0.3,
    problem: {
      name: 'ensemble',
      members: [
        { weight: 0.5, problem: { name: 'rescaled', range: 1, problem: { name: 'parabola', dimension: 2 } } },
        { weight: 2, problem: { name: 'noisy', deviation: 1, problem: { name: 'simple' } } },
        { weight: 1, problem: { name: 'quadratic', dimension: 2, distribution: 'uniform' } },
      ],
    },
  },
];
/** The first has 60 coordinates, few enough for meta-gradients in fp64. */
export const convNets = [
  { side: 8, channels: [2, 2], kernel: 1, hidden: [3], batchNorm: true, batch: 4, classes: [0, 1, 2] },
  { side: 8, channels: [3, 2], kernel: 3, hidden: [4], batchNorm: true, batch: 5, classes: [0, 1, 2, 3, 4, 5, 6, 7] },
  { side: 8, channels: [5], kernel: 7, hidden: [6], batchNorm: false, batch: 17, classes: [0, 1, 2, 3, 4, 5, 6, 7] },
  // The third layer's maps are 2 × 2, the fourth's one pixel; classes are relabelled 0, 1, 2.
  { side: 8, channels: [2, 2, 3, 2], kernel: 5, hidden: [3, 4], batchNorm: true, batch: 5, classes: [4, 1, 6] },
  { side: 8, channels: [17, 9], kernel: 3, hidden: [], batchNorm: true, batch: 2, classes: [7, 0] },
].map((net) => ({ name: 'shapes', ...net }) as ShapesSpec);
export const paper = { name: 'log-sign-paper', p: 10 } as const;
export const deepmind = { name: 'log-sign-deepmind', k: 5 } as const;
export const architectures: [title: string, spec: LstmSpec][] = [
  ['no layer', lstmSpec({ layers: [] })],
  ['no layer, log-and-sign', lstmSpec({ layers: [], preprocess: deepmind })],
  ['no layer, projected', lstmSpec({ layers: [], inputProjection: 4, preprocess: paper, outputScale: 0.1 })],
  ['one unit', lstmSpec({ layers: [1] })],
  ['[5, 3, 4], projected to 7', lstmSpec({ layers: [5, 3, 4], inputProjection: 7 })],
  ['[5, 3, 4], log-and-sign', lstmSpec({ layers: [5, 3, 4], preprocess: paper, outputScale: 0.1 })],
  ['[20, 20]', lstmSpec({ layers: [20, 20] })],
  ['[20, 20], projected to 20', lstmSpec({ layers: [20, 20], inputProjection: 20 })],
  ['[20, 20], DeepMind’s for MNIST', lstmSpec({ layers: [20, 20], preprocess: deepmind, outputScale: 0.01 })],
  ['[17], an odd size', lstmSpec({ layers: [17], inputProjection: 3, preprocess: deepmind, outputScale: 0.1 })],
];

export const group = (name: string, parameters: string[], optimizer: GroupSpec['optimizer']): GroupSpec => ({
  name,
  parameters,
  optimizer,
});
const overKernels = (fields: Partial<LstmSpec>): LstmSpec => ({ ...lstmSpec(fields), over: 'kernel' });
export const groups = (...all: GroupSpec[]): LearnedSpec => ({ name: 'groups', groups: all });
export const rules: Extract<GroupRule, { name: 'sgd' | 'momentum' | 'adam' }>[] = [
  { name: 'sgd', learningRate: 0.1 },
  { name: 'momentum', learningRate: 0.05, momentum: 0.8 },
  { name: 'adam', learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];
/** Kernels with different numbers of rows, columns, inputs and outputs. */
const shapesNet: ProblemSpec = {
  name: 'shapes',
  side: 8,
  channels: [2, 3],
  kernel: 3,
  hidden: [],
  batchNorm: false,
  batch: 2,
  classes: [0, 4],
};
/** Optimizers with several networks, or with networks over several coordinates. */
export const composites: [title: string, optimizer: LearnedSpec, problem: ProblemSpec][] = [
  [
    'all coordinates at once',
    lstmSpec({ over: 'all', layers: [4], preprocess: paper, outputScale: 0.1 }),
    { name: 'quadratic', dimension: 4, distribution: 'normal' },
  ],
  [
    'all coordinates at once, linear',
    lstmSpec({ over: 'all', layers: [], inputProjection: 3, outputScale: 0.1 }),
    { name: 'parabola', dimension: 3 },
  ],
  [
    'DeepMind’s simple-multi: a network and Adam',
    groups(group('cw', ['x_0'], lstmSpec({ layers: [] })), group('adam', ['x_1'], rules[2]!)),
    { name: 'simple-multi', dimension: 2 },
  ],
  [
    'two networks and two rules on parameters between each other’s',
    groups(
      group('odd', ['x_1', 'x_3'], lstmSpec({ layers: [3], preprocess: deepmind, outputScale: 0.1 })),
      group('rest', ['*'], lstmSpec({ layers: [2, 2], inputProjection: 2 })),
      group('m', ['x_2'], rules[1]!),
      group('s', ['x_5'], rules[0]!),
    ),
    { name: 'simple-multi', dimension: 7 },
  ],
  [
    'a network over all of its group, another coordinate by coordinate',
    groups(
      group('some', ['x_4', 'x_0', 'x_2'], lstmSpec({ over: 'all', layers: [3], preprocess: paper, outputScale: 0.1 })),
      group('rest', ['x_3', 'x_1'], lstmSpec({ layers: [2] })),
    ),
    { name: 'simple-multi', dimension: 5 },
  ],
  [
    'a network and a rule for each member of an ensemble',
    groups(
      group('second', ['member2/*'], lstmSpec({ layers: [2], outputScale: 0.1 })),
      group('first', ['member1/x'], rules[2]!),
    ),
    {
      name: 'ensemble',
      members: [
        { weight: 0.5, problem: { name: 'noisy', deviation: 0.3, problem: { name: 'parabola', dimension: 2 } } },
        { weight: 2, problem: { name: 'quadratic', dimension: 3, distribution: 'normal' } },
      ],
    },
  ],
  [
    'a network over the kernels of two convolutions, and another for the rest',
    groups(
      group('conv', ['conv1/weights', 'conv2/weights'], overKernels({ layers: [2], outputScale: 0.1 })),
      group('rest', ['*'], lstmSpec({ layers: [1], preprocess: deepmind, outputScale: 0.1 })),
    ),
    shapesNet,
  ],
  [
    'a network over kernels, beside a rule',
    groups(
      group(
        'conv',
        ['conv1/weights', 'conv2/weights'],
        overKernels({ layers: [1], preprocess: paper, outputScale: 0.1 }),
      ),
      group('rest', ['*'], rules[1]!),
    ),
    shapesNet,
  ],
  [
    'weights and biases of a perceptron',
    groups(
      group('weights', ['layer1/weights', 'layer2/weights'], lstmSpec({ layers: [1], outputScale: 0.1 })),
      group('biases', ['*'], lstmSpec({ layers: [], preprocess: deepmind, outputScale: 0.1 })),
    ),
    perceptrons[1]!,
  ],
];
export const isBlockwise = (optimizer: LearnedSpec): boolean =>
  optimizer.name === 'groups'
    ? optimizer.groups.some((group) => group.optimizer.name === 'lstm' && isBlockwise(group.optimizer))
    : optimizer.name === 'lstm' && optimizer.over !== 'coordinate';

export const metaLosses: TrainingSpec['metaLoss'][] = ['sum', 'sum-and-final', 'final', [0.5, 0, 2, 1]];

export const nameOf = (p: ProblemSpec): string => {
  if (p.name === 'quadratic') return `${p.name} ${p.distribution}`;
  if (p.name === 'mnist') return `${p.name} [${p.hidden}] ${p.activation}`;
  if (p.name === 'autoencoder') return `${p.name} [${p.encoder}] [${p.decoder}] ${p.activation}`;
  if (p.name === 'perceptron')
    return `${p.name} of ${p.dataset} [${p.hidden}] ${p.activation}, ${p.loss}, labels ${p.labels}`;
  if (p.name === 'shapes') return `${p.name} [${p.channels}] ${p.kernel}×${p.kernel} [${p.hidden}]`;
  const parts: string[] = partsOf(p).map(nameOf);
  return parts.length > 0 ? `${p.name} (${parts.join(', ')})` : p.name;
};
const [madeUp, shapes] = [madeUpDigits(seed), await makeShapes(8)];
const variant = (name: string, from: string, dataset: Dataset) => variantOf(dataset, imageSet(from), imageSet(name));
const datasets = {
  ...madeUp,
  'digits-8': variant('digits-8', 'digits', madeUp.digits!),
  'shapes-8': shapes,
  'shapes-8-grey': variant('shapes-8-grey', 'shapes-8', shapes),
};
/** Rounding must not take a convolutional network's values over a kink: its seed is fixed. */
export const seedOf = (problem: ProblemSpec) => (problem.name === 'shapes' ? 1 : seed);
export const draw = (problem: ProblemSpec, count: number, first = 0) =>
  sampleFunctions(problem, seedOf(problem), Purpose.training, first, count, datasets);
