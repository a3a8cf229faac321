import { type Static, Type } from 'typebox';
import { RuleSpec } from './optimizers.js';
import { ProblemSpec } from './problems.js';
import { Choice, Nullable, Strict, WireNumber } from './schema.js';

/** What a comparison found. Intervals are 95 % percentile-bootstrap intervals over functions. */

export const Estimate = Strict({ value: WireNumber, low: WireNumber, high: WireNumber });
export type Estimate = Static<typeof Estimate>;

export const TuningResult = Strict({
  measure: Choice(['sum', 'final']),
  functions: Type.Integer(),
  grid: Type.Array(
    Strict({
      learningRate: Type.Number(),
      score: WireNumber,
      diverged: Type.Boolean({
        description: 'Some tuning function ended non-finite or above a hundred times the mean initial loss.',
      }),
    }),
  ),
});
export type TuningResult = Static<typeof TuningResult>;

export const OptimizerResult = Strict({
  label: Type.String({ description: 'Unique in the comparison, for tables and legends.' }),
  rule: Nullable(RuleSpec, { description: 'The rule with the rate that it ran with; null for the learned optimizer.' }),
  tuning: Nullable(TuningResult),
  sum: Estimate,
  sumDeviation: Type.Unsafe<Static<typeof WireNumber>>({ ...WireNumber, description: 'Of one function’s sum.' }),
  sumMedian: WireNumber,
  final: Estimate,
  finalMedian: WireNumber,
  log10MeanFinal: Estimate,
  curve: Strict(
    {
      mean: Type.Array(WireNumber),
      quantiles: Type.Array(Strict({ probability: Type.Number(), values: Type.Array(WireNumber) })),
    },
    { description: 'The loss f(θ_t) over functions, t = 0 … steps.' },
  ),
  versus: Nullable(
    Strict({
      winRate: Type.Unsafe<number>({
        type: 'number',
        description: 'Share of functions on which the learned optimizer’s sum is the smaller; a tie counts half.',
      }),
      sumDifference: Type.Unsafe<Estimate>({
        ...Estimate,
        description: 'Learned minus this one, paired by function: below 0 where the learned optimizer is better.',
      }),
    }),
    { description: 'null for the learned optimizer itself.' },
  ),
});
export type OptimizerResult = Static<typeof OptimizerResult>;

export const ComparisonResults = Strict(
  {
    problem: ProblemSpec,
    seed: Type.Integer(),
    steps: Type.Integer({ description: 'k: the sum is Σ f(θ_t), t = 0 … k-1, and the final loss f(θ_k).' }),
    functions: Type.Integer(),
    resamples: Type.Integer(),
    optimizers: Type.Array(OptimizerResult, { description: 'The learned optimizer first.' }),
  },
  { title: 'ComparisonResults' },
);
export type ComparisonResults = Static<typeof ComparisonResults>;
