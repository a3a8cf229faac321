import type { Static } from 'typebox';
import { Choice, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';

/** Data sets of pictures, each with its side, channels and number of classes. */
export const PerceptronSpec = Strict(
  {
    name: Type.Literal('perceptron'),
    dataset: Type.String({
      default: 'digits-8',
      description: 'The pictures, by name: see `metadescent datasets`.',
    }),
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 4096 }), {
      maxItems: 16,
      default: [32],
      description: 'Units of each hidden layer; [] for multinomial logistic regression.',
    }),
    activation: Choice(['sigmoid', 'tanh', 'relu', 'gelu'], {
      default: 'relu',
      description: 'Activation of the hidden layers.',
    }),
    loss: Choice(['cross-entropy', 'squared-error'], {
      default: 'cross-entropy',
      description:
        'Mean over the mini-batch of the softmax cross-entropy, or of the squared distance to the class as a one-hot vector.',
    }),
    initialisation: Choice(['normal', 'he', 'glorot', 'lecun'], {
      default: 'lecun',
      description:
        'Weights from N(0, 0.01²), biases too, as in deepmind/learning-to-learn; or with biases of 0 and weights from N(0, v) cut at two standard deviations, v = 2/fan-in (He et al. 2015), 2/(fan-in + fan-out) (Glorot and Bengio 2010) or 1/fan-in (LeCun et al. 1998).',
    }),
    batch: Type.Integer({ minimum: 1, maximum: 4096, default: 64, description: 'Pictures per step.' }),
    examples: Nullable(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      default: null,
      description: 'Number of pictures that a function learns from, different ones for each; null for all.',
    }),
  },
  {
    title: 'Perceptron',
    description:
      'The loss of a multi-layer perceptron on mini-batches of pictures, pixels in [0, 1]. Comparisons use held-out pictures, everything else the others.',
  },
);
export type PerceptronSpec = Static<typeof PerceptronSpec>;
