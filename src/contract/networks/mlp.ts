import type { Static } from 'typebox';
import { Choice, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';

/**
 * What a per-coordinate MLP may see. A tensor of θ is a stack of matrices, R × C, over its last two axes; one with fewer
 * axes is a vector. g is the gradient, m its means, v its mean square, r and c the means of g² over the columns and over
 * the rows of a matrix (Shazeer and Stern 2018, arXiv 1804.04235).
 */
export const mlpFeatures = [
  'gradient',
  'clipped-gradient',
  'parameter',
  'momentum',
  'second-moment',
  'momentum-over-root',
  'inverse-root',
  'factored-gradient',
  'gradient-over-root',
  'row',
  'column',
  'inverse-root-row',
  'inverse-root-column',
  'factored-momentum',
  'time',
] as const;
export type MlpFeature = (typeof mlpFeatures)[number];

const decay = { minimum: 0, exclusiveMaximum: 1 } as const;
const decays = (values: number[], description: string) =>
  Type.Array(Type.Number(decay), { minItems: 1, maxItems: 8, default: values, description });
const epsilon = (value: number, description: string) =>
  Type.Number({ exclusiveMinimum: 0, maximum: 1, default: value, description });

export const MlpSpec = Strict(
  {
    name: Type.Literal('mlp'),
    features: Type.Array(Choice([...mlpFeatures]), {
      minItems: 1,
      uniqueItems: true,
      default: mlpFeatures.slice(0, -1),
      description:
        'The inputs, in order. One input each: gradient g; clipped-gradient, g cut to ±0.1; parameter θ; second-moment v; inverse-root 1/√(v + ε); gradient-over-root g/√(v + ε). One per momentum: momentum m; momentum-over-root m/√(v + ε). One per factored decay: row r; column c; inverse-root-row 1/√(r + ε); inverse-root-column 1/√(c + ε); factored-gradient g/√(r c/mean r); factored-momentum m/√(r c/mean r), with as many momenta. time: tanh(t/τ - 1) for τ = 1, 3, 10, … 100,000, which are not normalised.',
    }),
    vectorFeatures: Nullable(Type.Integer({ minimum: 1, maximum: mlpFeatures.length }), {
      default: 9,
      description:
        'How many of `features`, from the first, vectors (biases) have; the others are 0 there. null for all. A vector’s r and c are the mean of g² of each coordinate.',
    }),
    momenta: decays([0.9, 0.99, 0.999], 'Decays of the means of g.'),
    secondMoment: Type.Number({ ...decay, default: 0.95, description: 'Decay of the mean of g².' }),
    factored: decays([0.9, 0.99, 0.999], 'Decays of r and c.'),
    learnDecays: Type.Boolean({
      default: false,
      description:
        'Whether the decays are trained too: β = 1 - (1 - β0) e^(10 δ), cut to [0, 1], with a weight δ per decay that begins at 0.',
    }),
    maximumGradient: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e30 }), {
      default: 1000,
      description: 'Every entry of the gradient is first cut to ± this; null for no limit.',
    }),
    epsilon: Strict(
      {
        moment: epsilon(1e-8, 'Added to v.'),
        factored: epsilon(1e-8, 'Added to r and c in inverse-root-row and inverse-root-column.'),
        normalisation: epsilon(1e-9, 'Added to the mean square by which a feature or an update is normalised.'),
      },
      { default: {}, description: 'What keeps quotients finite.' },
    ),
    normaliseFeatures: Choice(['rms', 'none'], {
      default: 'rms',
      description: '"rms": each feature is divided by its root mean square over the matrix, or over the vector.',
    }),
    hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 256 }), {
      maxItems: 4,
      default: [8, 8],
      description: 'ReLU units of each hidden layer.',
    }),
    output: Choice(['direction', 'direction-and-magnitude'], {
      default: 'direction',
      description:
        'What the network puts out per coordinate: a direction s = d; or a direction and a magnitude, s = d e^(m/1000).',
    }),
    normaliseUpdate: Choice(['rms', 'none'], {
      default: 'rms',
      description: '"rms": s is divided by its root mean square over the matrix, or over the vector.',
    }),
  },
  {
    title: 'MLP',
    description:
      'A small perceptron applied to every coordinate, over momenta and second moments of its gradient: θ ← θ - α (s + λ θ). The defaults are those of Celo2-base (arXiv 2602.19142), without its unused outputs. The learning rate α, its schedule and the weight decay λ belong to the run that uses the optimizer.',
  },
);
export type MlpSpec = Static<typeof MlpSpec>;

/** Well-known optimizers as documents. */
export const mlpPresets = {
  'celo2-base': { name: 'mlp' },
  /** AdafacMLPLOpt of arXiv 2203.11860: 197 weights. */
  'small-fc': {
    name: 'mlp',
    features: [
      'gradient',
      'parameter',
      'momentum',
      'second-moment',
      'momentum-over-root',
      'inverse-root',
      'factored-gradient',
      'row',
      'column',
      'inverse-root-row',
      'inverse-root-column',
      'factored-momentum',
      'time',
    ],
    vectorFeatures: null,
    secondMoment: 0.999,
    learnDecays: true,
    maximumGradient: null,
    epsilon: { moment: 1e-6, factored: 1e-8, normalisation: 1e-5 },
    hidden: [4, 4],
    output: 'direction-and-magnitude',
    normaliseUpdate: 'none',
  },
} as const;
