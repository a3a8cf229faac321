import type { Static } from 'typebox';
import { imageSet, imageWidth } from '../image-sets.js';
import { Choice, ImageSetName, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract, Parameter } from './family.js';

/** How the weights of a perceptron begin. */
export const Initialisation = Choice(['normal', 'he', 'glorot', 'lecun'], {
  default: 'lecun',
  description:
    '"normal": weights and biases from N(0, 0.01²), as in deepmind/learning-to-learn. Otherwise biases are 0, and weights come from a normal distribution cut at two standard deviations, of variance 2/inputs ("he": He et al. 2015), 2/(inputs + outputs) ("glorot": Glorot and Bengio 2010) or 1/inputs ("lecun": LeCun et al. 1998) of their layer.',
});
export type Initialisation = Static<typeof Initialisation>;

export const Activation = Choice(['sigmoid', 'tanh', 'relu', 'gelu'], {
  default: 'relu',
  description:
    'Activation of the hidden layers. "gelu" is z/2 (1 + tanh(√(2/π) (z + 0.044715 z³))) (Hendrycks and Gimpel 2016).',
});
export type Activation = Static<typeof Activation>;

export const PerceptronSpec = Strict(
  {
    name: Type.Literal('perceptron'),
    dataset: ImageSetName({ default: 'digits-8' }),
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 4096 }), {
      maxItems: 16,
      default: [32],
      description: 'Units of each hidden layer; [] for multinomial logistic regression.',
    }),
    activation: Activation,
    loss: Choice(['cross-entropy', 'squared-error'], {
      default: 'cross-entropy',
      description:
        'Mean over the mini-batch of the softmax cross-entropy, or of the squared distance |z - y|² of the outputs z to the class as a one-hot vector y.',
    }),
    initialisation: Initialisation,
    labels: Choice(['given', 'permuted'], {
      default: 'given',
      description: '"permuted": each function has the classes in a random order of its own.',
    }),
    batch: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 64,
      description: 'Images per step, drawn with replacement.',
    }),
    examples: Nullable(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      default: null,
      description:
        'Number of images that a function learns from, different ones for each; null, or more than exist, for all.',
    }),
  },
  {
    title: 'Perceptron',
    description:
      'The loss of a multi-layer perceptron on mini-batches of a data set’s images, pixels in [0, 1]. Comparisons use held-out images, everything else the others.',
  },
);
export type PerceptronSpec = Static<typeof PerceptronSpec>;

/** A multi-layer perceptron, and how it learns. */
export interface Perceptron {
  /** The inputs, the units of each hidden layer, and the outputs. */
  readonly widths: readonly number[];
  readonly activation: Activation;
  /** "reconstruction": the mean squared error of the outputs' sigmoids against the inputs. */
  readonly loss: PerceptronSpec['loss'] | 'reconstruction';
  /** Examples per step. */
  readonly batch: number;
}

/** The network described by a document. @throws UnknownImageSet */
export function perceptronNet({ dataset, hidden, activation, loss, batch }: PerceptronSpec): Perceptron {
  const set = imageSet(dataset);
  return { widths: [imageWidth(set), ...hidden, set.classes], activation, loss, batch };
}

/** The affine maps of a perceptron, from its inputs to its outputs. */
export function layerSizes({ widths }: Pick<Perceptron, 'widths'>): { inputs: number; outputs: number }[] {
  return widths.slice(1).map((outputs, i) => ({ inputs: widths[i]!, outputs }));
}

/** Layer by layer, the weights and the biases. */
export function perceptronParameters(net: Pick<Perceptron, 'widths'>): Parameter[] {
  return layerSizes(net).flatMap(({ inputs, outputs }, i) => [
    { name: `layer${i + 1}/weights`, shape: [inputs, outputs] },
    { name: `layer${i + 1}/biases`, shape: [outputs] },
  ]);
}

/** Floats of a mini-batch: the inputs, and per unit its value and derivative in both passes. */
export function perceptronFloats(net: Perceptron): number {
  const units = layerSizes(net).reduce((sum, { outputs }) => sum + outputs, 0);
  return net.batch * (net.widths[0]! + 4 * units);
}

export const perceptron: FamilyContract<PerceptronSpec> = {
  parameters: (spec) => perceptronParameters(perceptronNet(spec)),
  dataFloats: ({ dataset, labels }) => (labels === 'permuted' ? imageSet(dataset).classes : 0),
  miniBatch: ({ dataset, batch, examples }) => ({
    dataset,
    size: batch,
    classes: imageSet(dataset).classes,
    ...(examples !== null && { perFunction: examples }),
  }),
  miniBatchFloats: (spec) => perceptronFloats(perceptronNet(spec)),
};
