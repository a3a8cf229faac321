import { type Static, Type } from 'typebox';
import { Choice, OneOf, Strict } from './schema.js';

/**
 * The families of optimizees and their parameters. `src/core/problems/` holds the mathematics of each, under the same
 * name.
 */
export const ParabolaSpec = Strict(
  {
    name: Type.Literal('parabola'),
    dimension: Type.Integer({ minimum: 1, maximum: 100_000, default: 10, description: 'Coordinates of one function.' }),
  },
  {
    title: 'Parabola',
    description:
      'f(x) = Σ (s∘x)², s ~ U(0.5, 1.5) anew for each function, x0 ~ U(-1, 1): the first example of a public notebook.',
  },
);

export const SimpleSpec = Strict(
  { name: Type.Literal('simple') },
  {
    title: 'Simple',
    description: 'f(x) = x², one coordinate, x0 = 1: the smallest problem of deepmind/learning-to-learn.',
  },
);

export const QuadraticSpec = Strict(
  {
    name: Type.Literal('quadratic'),
    dimension: Type.Integer({ minimum: 1, maximum: 512, default: 10, description: 'Rows and columns of W.' }),
    distribution: Choice(['uniform', 'normal'], {
      default: 'normal',
      description:
        'Entries of W and y: "uniform" is U[0, 1) with x0 ~ N(0, 0.01²) (deepmind/learning-to-learn); "normal" is N(0, 1) with x0 = 0 (arXiv 1606.04474, section 3.1).',
    }),
  },
  { title: 'Quadratic', description: 'f(x) = |Wx - y|², W and y anew for each function.' },
);

export const MnistSpec = Strict(
  {
    name: Type.Literal('mnist'),
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 512 }), {
      maxItems: 4,
      default: [20],
      description: 'Units of each hidden layer. None: multinomial logistic regression.',
    }),
    activation: Choice(['sigmoid', 'tanh', 'relu'], { default: 'sigmoid', description: 'Of the hidden layers.' }),
    batch: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 128,
      description: 'Digits that one evaluation sees, drawn with replacement, others at every step.',
    }),
  },
  {
    title: 'MNIST',
    description:
      'Mean softmax cross-entropy of a multi-layer perceptron on mini-batches of handwritten digits, weights and biases from N(0, 0.01²) (deepmind/learning-to-learn). Comparisons see held-out digits, all else the others.',
  },
);
export type MnistSpec = Static<typeof MnistSpec>;

export const ProblemSpec = OneOf('name', [ParabolaSpec, SimpleSpec, QuadraticSpec, MnistSpec], {
  description: 'The optimizee: the family of functions that the optimizer is trained on or compared on.',
});
export type ProblemSpec = Static<typeof ProblemSpec>;
export type ProblemName = ProblemSpec['name'];
export type ProblemOf<N extends ProblemName> = Extract<ProblemSpec, { name: N }>;
