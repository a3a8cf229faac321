import type { Static } from 'typebox';
import { Choice, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

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

/** Pixels of a digit, 28 × 28, and classes. */
export const digitShape = { pixels: 784, classes: 10 } as const;

/** The affine maps of a perceptron, from the pixels to the classes. */
export function layerSizes({ hidden }: MnistSpec): { inputs: number; outputs: number }[] {
  const widths = [digitShape.pixels, ...hidden, digitShape.classes];
  return widths.slice(1).map((outputs, i) => ({ inputs: widths[i]!, outputs }));
}

export const mnist: FamilyContract<MnistSpec> = {
  parameters: (spec) =>
    layerSizes(spec).flatMap(({ inputs, outputs }, i) => [
      { name: `layer${i + 1}/weights`, shape: [inputs, outputs] },
      { name: `layer${i + 1}/biases`, shape: [outputs] },
    ]),
  miniBatch: ({ batch, examples }) => ({
    dataset: 'digits',
    size: batch,
    classes: digitShape.classes,
    ...(examples !== null && { perFunction: examples }),
  }),
  miniBatchFloats(spec) {
    const units = layerSizes(spec).reduce((sum, { outputs }) => sum + outputs, 0);
    return spec.batch * (digitShape.pixels + 4 * units);
  },
};
