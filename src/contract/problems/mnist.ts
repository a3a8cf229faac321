import type { Static } from 'typebox';
import { imageSet, imageWidth } from '../image-sets.js';
import { Choice, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';
import { type Perceptron, perceptronFloats, perceptronParameters } from './perceptron.js';

export const MnistSpec = Strict(
  {
    name: Type.Literal('mnist'),
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 512 }), {
      maxItems: 4,
      default: [20],
      description: 'Units of each hidden layer; [] for multinomial logistic regression.',
    }),
    activation: Choice(['sigmoid', 'tanh', 'relu'], {
      default: 'sigmoid',
      description: 'Activation of the hidden layers.',
    }),
    batch: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 128,
      description: 'Digits per step, drawn with replacement.',
    }),
    examples: Nullable(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      default: null,
      description:
        'Number of digits that a function learns from, different ones for each function; null, or more than exist, for all. With few, a function sees the same digits repeatedly, as in a comparison on a small held-out set.',
    }),
  },
  {
    title: 'MNIST',
    description:
      'Mean softmax cross-entropy of a multi-layer perceptron on mini-batches of handwritten digits, weights and biases from N(0, 0.01²) (deepmind/learning-to-learn). Comparisons use held-out digits, everything else the others.',
  },
);
export type MnistSpec = Static<typeof MnistSpec>;

/** The network described by a document. */
export function mnistNet({ hidden, activation, batch }: MnistSpec): Perceptron {
  const digits = imageSet('digits');
  return { widths: [imageWidth(digits), ...hidden, digits.classes], activation, loss: 'cross-entropy', batch };
}

export const mnist: FamilyContract<MnistSpec> = {
  parameters: (spec) => perceptronParameters(mnistNet(spec)),
  miniBatch: ({ batch, examples }) => ({
    dataset: 'digits',
    size: batch,
    classes: imageSet('digits').classes,
    ...(examples !== null && { perFunction: examples }),
  }),
  miniBatchFloats: (spec) => perceptronFloats(mnistNet(spec)),
};
