import type { Static } from 'typebox';
import type { FieldError } from '../errors.js';
import { Choice, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';
import {
  decaysOf,
  type MlpFeature,
  matricesOf,
  mlpFeatures,
  mlpInputs,
  mlpOutputs,
  mlpUsualRate,
} from './mlp-features.js';
import type { NetworkContract, StateArray, WeightTensor } from './network.js';

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
        'The inputs, in order. One input each: gradient g; clipped-gradient, g cut to ±0.1; parameter θ; second-moment v; inverse-root 1/√(v + ε); gradient-over-root g/√(v + ε). One per momentum: momentum m; momentum-over-root m/√(v + ε). One per factored decay: row r; column c; inverse-root-row 1/√(r + ε); inverse-root-column 1/√(c + ε); factored-gradient g/√(r c/mean r); factored-momentum m/√(r c/mean r), with as many momenta. time: tanh(t/τ - 1) for τ = 1, 3, 10, … 100,000, t the steps taken so far, which are not normalised.',
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
      description:
        '"rms": each feature but the time is divided by its root mean square over the matrix, or over the vector.',
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

export const mlp: NetworkContract<MlpSpec> = {
  title: 'MLP',
  usualRate: mlpUsualRate,
  backward: false,
  sizedBy: 'hidden',

  describe(spec) {
    const widths = [mlpInputs(spec), ...spec.hidden, mlpOutputs(spec)];
    return `MLP, ${widths.join(' → ')}${spec.learnDecays ? ', learned decays' : ''}`;
  },

  weights(spec) {
    const tensors: WeightTensor[] = [];
    let inputs = mlpInputs(spec);
    const affine = (name: string, outputs: number) => {
      tensors.push(
        { name: `${name}.kernel`, shape: [inputs, outputs], begins: { name: 'truncated-normal' } },
        { name: `${name}.bias`, shape: [outputs], begins: { name: 'zeros' } },
      );
      inputs = outputs;
    };
    for (const [layer, units] of spec.hidden.entries()) affine(`hidden.${layer}`, units);
    affine('output', mlpOutputs(spec));
    if (spec.learnDecays) {
      const decays = decaysOf(spec, null).length;
      tensors.push({ name: 'decays', shape: [decays], begins: { name: 'zeros' } });
    }
    return tensors;
  },

  /**
   * For each tensor in turn: its momenta; its second moment; of a stack of matrices, the factored moments r per row and
   * c per column, matrix by matrix; of a vector, those of each coordinate.
   */
  state({ momenta, factored }, tensors) {
    return tensors.flatMap((tensor): StateArray[] => {
      const { name, size } = tensor;
      const matrices = matricesOf(tensor);
      const moments = [
        { name: `${name}/momentum`, rows: momenta.length, items: size },
        { name: `${name}/second-moment`, rows: 1, items: size },
      ];
      if (!matrices) return [...moments, { name: `${name}/factored`, rows: factored.length, items: size }];
      const { count, rows, columns } = matrices;
      return [
        ...moments,
        { name: `${name}/row`, rows: factored.length, items: count * rows },
        { name: `${name}/column`, rows: factored.length, items: count * columns },
      ];
    });
  },

  /** Features before and after their normalisation, the layers, and the moments. */
  computedFloats(spec) {
    const { hidden, momenta, factored } = spec;
    return 3 * mlpInputs(spec) + 2 * hidden.reduce((a, b) => a + b, 0) + 2 * (momenta.length + factored.length) + 8;
  },

  check({ features, factored, momenta, vectorFeatures }, _tensors, pointer) {
    const errors: FieldError[] = [];
    if (features.includes('factored-momentum') && factored.length !== momenta.length)
      errors.push({
        pointer: `${pointer}/factored`,
        found: JSON.stringify(factored),
        allowed: `${momenta.length} decays, as many as momenta, for the feature "factored-momentum"`,
      });
    if (vectorFeatures !== null && vectorFeatures > features.length)
      errors.push({
        pointer: `${pointer}/vectorFeatures`,
        found: `${vectorFeatures}`,
        allowed: `at most ${features.length}, the number of features; or null for all`,
      });
    const blind = (some: readonly MlpFeature[]) => some.every((name) => name === 'parameter' || name === 'time');
    if (blind(features) || blind(features.slice(0, vectorFeatures ?? features.length)))
      errors.push({
        pointer: `${pointer}/features`,
        found: JSON.stringify(features),
        allowed: 'features among which one depends on the gradient, for vectors too',
      });
    return errors;
  },

  withoutKernels: () => null,

  inExample: () => true,
};

/** Well-known optimizers as documents. */
export const mlpPresets = {
  /** Celo2-base of arXiv 2602.19142, all defaults: 329 weights. */
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
