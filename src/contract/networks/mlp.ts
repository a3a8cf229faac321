import type { Static } from 'typebox';
import type { FieldError } from '../errors.js';
import type { PlacedParameter } from '../parameters.js';
import { Choice, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { NetworkContract, StateArray, WeightTensor } from './network.js';

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

/** τ of the inputs of "time", tanh(t/τ - 1), t the steps taken so far. */
export const timeScales = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000] as const;

/** What the quotients of the factored moments add, and cut below: as in arXiv 2203.11860. */
export const factoredFloor = 1e-9;

/** What is added to g² before the factored moments' means. */
export const squareFloor = 1e-30;

/** `clipped-gradient` is g cut to ± this. */
export const clippedAt = 0.1;

/** Features whose number follows from the momenta, or from the factored decays. */
const perMomentum: ReadonlySet<MlpFeature> = new Set(['momentum', 'momentum-over-root']);
const perFactored: ReadonlySet<MlpFeature> = new Set([
  'factored-gradient',
  'row',
  'column',
  'inverse-root-row',
  'inverse-root-column',
  'factored-momentum',
]);

/** Inputs of a feature. */
export function inputsOfFeature({ momenta, factored }: MlpSpec, feature: MlpFeature): number {
  if (feature === 'time') return timeScales.length;
  if (perMomentum.has(feature)) return momenta.length;
  return perFactored.has(feature) ? factored.length : 1;
}

/** Inputs of the perceptron. */
export function mlpInputs(spec: MlpSpec): number {
  return spec.features.reduce((sum, feature) => sum + inputsOfFeature(spec, feature), 0);
}

/** What it puts out per coordinate: d, or d and m. */
export function mlpOutputs({ output }: MlpSpec): number {
  return output === 'direction' ? 1 : 2;
}

/**
 * The decays β: of the momenta, of the second moment, and the factored ones, in φ's order.
 * @param deltas δ per decay; null if they are not learned
 */
export function decaysOf({ momenta, secondMoment, factored }: MlpSpec, deltas: ArrayLike<number> | null): number[] {
  const begin = [...momenta, secondMoment, ...factored];
  if (!deltas) return begin;
  return begin.map((beta, i) => Math.min(Math.max(1 - (1 - beta) * Math.exp(10 * deltas[i]!), 0), 1));
}

/** A tensor of θ as a stack of matrices over its last two axes; null for a vector or a scalar. */
export function matricesOf({ shape }: Pick<PlacedParameter, 'shape'>): Matrices | null {
  if (shape.length < 2) return null;
  const [rows, columns] = shape.slice(-2) as [number, number];
  return { count: shape.slice(0, -2).reduce((a, b) => a * b, 1), rows, columns };
}
export interface Matrices {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

export const mlp: NetworkContract<MlpSpec> = {
  title: 'MLP',
  usualRate: 0.001,
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
