import type { Static } from 'typebox';
import { Measure } from './measures.js';
import { BaselineSpec, isRule, maximumRate, type RuleSpec } from './optimizers.js';
import { Choice, Nullable, Strict } from './schema.js';
import { Type } from './type.js';
import { useFields } from './use.js';

/** The schema of a job's `comparison`. */

const tried = (range: { maximum?: number; exclusiveMaximum?: number }) =>
  Type.Optional(Type.Array(Type.Number({ minimum: 0, ...range }), { minItems: 1, maxItems: 8, uniqueItems: true }));
const triedDecay = tried({ exclusiveMaximum: 1 });

/** Default number of functions that rates are tuned on. */
export const tuningFunctions = 2048;

export const TuningSpec = Strict(
  {
    functions: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: tuningFunctions,
      description: 'Functions that every rate is tried on.',
    }),
    measure: Type.Unsafe<Measure>({ ...Measure, default: 'sum', description: 'The measure that rates are tuned for.' }),
    measures: Nullable(Type.Array(Measure, { minItems: 1, uniqueItems: true }), {
      default: null,
      description:
        'Several measures in place of `measure`: a rule is tuned for each, and compared once with each rate found.',
    }),
    ratio: Type.Number({
      minimum: 1.01,
      maximum: 10,
      default: 10 ** (1 / 8),
      description: 'Ratio of neighbouring rates in the grid.',
    }),
    points: Type.Integer({
      minimum: 3,
      maximum: 81,
      default: 17,
      description:
        'Rates of the first grid, around the rule’s usual one. The grid grows while its best rate is at an edge, up to the maximum rate that a document may give.',
    }),
    parameters: Strict(
      {
        momentum: triedDecay,
        decay: triedDecay,
        beta: triedDecay,
        beta1: triedDecay,
        beta2: triedDecay,
        epsilon: tried({ maximum: 1 }),
        weightDecay: tried({ maximum: 10 }),
      },
      {
        default: {},
        description:
          'Values to try for other parameters, by name. Each tuned rule that has the parameter is tuned once per combination. Parameters not listed keep the baseline’s values.',
      },
    ),
    examples: Choice(['training', 'held-out'], {
      default: 'training',
      description:
        'For problems that learn from examples: the examples that the tuning functions see. "held-out" uses the comparison’s own examples, with other starting points and mini-batches. That favours the hand-designed optimizers: their rates are then fitted to the examples that they are measured on, and the learned optimizer is not.',
    }),
  },
  { default: {}, description: 'How rates marked "tuned" are tuned, on functions used for nothing else.' },
);
export type TuningSpec = Static<typeof TuningSpec>;

export const LearnedUse = Strict(
  {
    learningRate: Type.Unsafe<number | 'tuned' | null>({
      anyOf: [
        { type: 'number', exclusiveMinimum: 0, maximum: maximumRate },
        { type: 'string', enum: ['tuned'] },
        { type: 'null' },
      ],
      default: null,
      description:
        'α, which multiplies the updates: 1 is an LSTM’s usual rate, 0.001 an MLP’s. null for the usual one; "tuned": the best of a grid around it, as for the rules, for the first of the tuned measures.',
    }),
    ...useFields,
  },
  { description: 'How the learned optimizer is used; at its usual rate unless given.' },
);
export type LearnedUse = Static<typeof LearnedUse>;

/** The measures that rates are tuned for. */
export function tunedMeasures({ measure, measures }: TuningSpec): readonly Measure[] {
  return measures ?? [measure];
}

/** Whether a baseline's learning rate is tuned. */
export function isTuned(baseline: BaselineSpec): baseline is RuleSpec {
  return isRule(baseline) && baseline.learningRate === 'tuned';
}

/** Combinations of the other parameters that a rule's rates are tuned with. */
export function countCombinations(rule: RuleSpec, { parameters }: TuningSpec): number {
  return Object.entries(parameters).reduce((n, [name, values]) => (name in rule ? n * values.length : n), 1);
}

export const CurvesSpec = Strict(
  {
    points: Type.Integer({
      minimum: 2,
      maximum: 100_001,
      default: 1001,
      description: 'Maximum number of points per curve, at equal distances, the first and the last step included.',
    }),
    functions: Type.Boolean({
      default: false,
      description:
        'Whether there is also a curve per function, for statistics over functions: at each point its mean loss over the steps since the point before.',
    }),
  },
  { description: 'How much of the curves the results keep; without it, every step, and no curves per function.' },
);

/** The steps t of a curve of at most `points` points of a run of k steps: 0 … k, at equal distances, rounded. */
export function curveSteps(steps: number, points = steps + 1): number[] {
  if (steps < points) return Array.from({ length: steps + 1 }, (_, t) => t);
  return Array.from({ length: points }, (_, i) => Math.round((i * steps) / (points - 1)));
}

export const ComparisonSpec = Strict(
  {
    functions: Type.Integer({
      minimum: 2,
      maximum: 10_000_000,
      default: 2048,
      description: 'Fresh functions that every optimizer is run on.',
    }),
    steps: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 20,
      description: 'Steps for which each function is optimised.',
    }),
    baselines: Type.Array(BaselineSpec, {
      maxItems: 32,
      default: [{ name: 'sgd' }, { name: 'adam' }],
      description: 'The hand-designed optimizers to compare with.',
    }),
    learned: Type.Optional(LearnedUse),
    tuning: TuningSpec,
    resamples: Type.Integer({
      minimum: 100,
      maximum: 10_000,
      default: 1000,
      description: 'Bootstrap resamples behind each 95 % interval.',
    }),
    curves: Type.Optional(CurvesSpec),
  },
  {
    default: {},
    description: 'The paired comparison: the same fresh functions and starting points for every optimizer.',
  },
);
export type ComparisonSpec = Static<typeof ComparisonSpec>;

/** Whether the learned optimizer's rate is tuned. */
export function isLearnedTuned({ learned }: Pick<ComparisonSpec, 'learned'>): boolean {
  return learned?.learningRate === 'tuned';
}

/** Whether any rate is tuned. */
export function hasTuning(comparison: Pick<ComparisonSpec, 'baselines' | 'learned'>): boolean {
  return comparison.baselines.some(isTuned) || isLearnedTuned(comparison);
}

/** Grids of rates that are searched, each for every tuned measure. */
export function countGrids(comparison: ComparisonSpec): number {
  const { baselines, tuning } = comparison;
  const ofRules = baselines.filter(isTuned).reduce((n, rule) => n + countCombinations(rule, tuning), 0);
  return ofRules + (isLearnedTuned(comparison) ? 1 : 0);
}

/** The learned optimizer and the baselines, with a tuned rule counted once per measure. */
export function countOptimizers({ baselines, tuning }: ComparisonSpec): number {
  const found = tunedMeasures(tuning).length;
  return baselines.reduce((n, baseline) => n + (isTuned(baseline) ? found : 1), 1);
}
