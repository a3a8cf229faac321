import type { Static } from 'typebox';
import { Measure } from './comparison.js';
import { BaselineSpec } from './optimizers.js';
import { ProblemSpec, TrainingProblem } from './problems.js';
import { Choice, Complete, Nullable, Strict, WireNumber } from './schema.js';
import { Type } from './type.js';

/** What a comparison found. Intervals are 95 % percentile-bootstrap intervals over functions. */

export const Estimate = Strict(
  { value: WireNumber, low: WireNumber, high: WireNumber },
  { description: 'A mean and its interval, "NaN" to "NaN" where the mean is not finite.' },
);
export type Estimate = Static<typeof Estimate>;

const NotTuned = Strict({
  measure: Type.Unsafe<Measure>({ ...Measure, description: 'One of `measures`.' }),
  parameter: Type.String({
    description:
      'Such as "learningRate": the rule then keeps its usual rate, and its other parameters. Of another parameter, several values did equally well, and the rule has one of them.',
  }),
  reason: Type.String({ description: 'Such as "the sum over one step is the loss at the start, whatever the rate".' }),
});
export type NotTuned = Static<typeof NotTuned>;

export const TuningResult = Strict({
  measure: Type.Unsafe<Measure>({ ...Measure, description: 'The first of `measures`, which the scores are of.' }),
  measures: Type.Array(Measure, {
    description: 'Those that this rate is the best for, or, where `notTuned` has it, that it could not be tuned for.',
  }),
  functions: Type.Integer(),
  examples: Choice(['training', 'held-out'], {
    description: 'Which ones the tuning functions saw, where there are any.',
  }),
  atEdge: Type.Boolean({
    description: 'Whether the best rate lies at the edge of a grid that has grown as far as it may, by 160 rates.',
  }),
  grid: Type.Array(
    Strict({
      learningRate: Type.Number(),
      parameters: Type.Record(Type.String(), Type.Number(), {
        description: 'Values of the other parameters, where they were tuned as well.',
      }),
      score: WireNumber,
      scores: Strict({ sum: WireNumber, final: WireNumber, tail: WireNumber }),
      diverged: Type.Boolean({
        description:
          'Some loss of a tuning function was not finite, or lay above its first by more than a hundred times what the functions fall by at the best rate of the grid, in the mean.',
      }),
    }),
  ),
  notTuned: Type.Optional(
    Type.Array(NotTuned, {
      description: 'What the tuning functions could not tell, and why. Left out where there is nothing.',
    }),
  ),
});
export type TuningResult = Static<typeof TuningResult>;

/** Whether the rule has kept its usual rate, since no other could be told to be the best. */
export function keepsUsualRate({ notTuned = [] }: TuningResult): boolean {
  return notTuned.some(({ parameter }) => parameter === 'learningRate');
}

const winRate = (measure: string) =>
  Type.Unsafe<number>({
    type: 'number',
    description: `Share of functions on which the learned optimizer’s ${measure} is the smaller; a tie counts half.`,
  });
const difference = (measure: string) =>
  Type.Unsafe<Estimate>({
    ...Estimate,
    description: `Learned minus this one, ${measure}, paired by function: below 0 where the learned optimizer is better.`,
  });
const stepsSaved = (curve: string) =>
  Nullable(Type.Integer(), {
    description: `k less the first step at which the learned optimizer’s ${curve} is at or below this one’s at step k; null where it never is.`,
  });

export const TrainedOn = Strict(
  {
    problem: TrainingProblem,
    steps: Type.Integer({ description: 'Of the last horizon of its training.' }),
  },
  { description: 'What the learned optimizer was trained on; left out where its file does not say.' },
);
export type TrainedOn = Static<typeof TrainedOn>;

export const MeasureResult = Strict({
  mean: Estimate,
  median: WireNumber,
  difference: Nullable(difference('of the means')),
  winRate: Nullable(
    Type.Number({ description: 'Share of functions on which the learned optimizer is smaller; a tie counts half.' }),
  ),
});
export type MeasureResult = Static<typeof MeasureResult>;

export const OptimizerResult = Strict({
  label: Type.String({ description: 'Unique in the comparison, for tables and legends.' }),
  rule: Nullable(Complete(BaselineSpec), {
    description: 'The rule with the rate that it ran with; null for the learned optimizer.',
  }),
  tuning: Nullable(TuningResult),
  measures: Type.Optional(
    Strict(
      { sum: MeasureResult, tail: MeasureResult, final: MeasureResult },
      {
        description:
          'What was found for each measure; `difference` and `winRate` are null for the learned optimizer itself. The fields named after measures below say the same. Results made before this field existed lack it.',
      },
    ),
  ),
  sum: Estimate,
  sumDeviation: Type.Unsafe<Static<typeof WireNumber>>({ ...WireNumber, description: 'Of one function’s sum.' }),
  sumMedian: WireNumber,
  final: Estimate,
  finalMedian: WireNumber,
  log10MeanFinal: Type.Unsafe<Estimate>({
    ...Estimate,
    description: 'Of `final`; "NaN" where that is below 0, and its ends where a resample’s mean is.',
  }),
  tail: Type.Unsafe<Estimate>({
    ...Estimate,
    description: 'Mean of f(θ_t) over the last tenth of the steps, at least one: t = 91 … 100 of 100.',
  }),
  tailMedian: WireNumber,
  diverged: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Share of the functions whose final loss is above their first, or not finite.',
    }),
  ),
  curve: Strict(
    {
      steps: Type.Optional(
        Type.Array(Type.Integer(), {
          description:
            'The steps t of the values, where not all of them are there: in a `comparison` event of results that are too large for one.',
        }),
      ),
      mean: Type.Array(WireNumber),
      quantiles: Type.Array(Strict({ probability: Type.Number(), values: Type.Array(WireNumber) })),
    },
    { description: 'The loss f(θ_t) over functions, t = 0 … steps.' },
  ),
  versus: Nullable(
    Strict({
      winRate: winRate('sum'),
      sumDifference: difference('sum'),
      finalWinRate: winRate('final loss'),
      finalDifference: difference('final loss'),
      tailWinRate: winRate('tail'),
      tailDifference: difference('tail'),
      stepsSaved: Strict({ mean: stepsSaved('mean loss'), median: stepsSaved('median loss') }),
    }),
    { description: 'null for the learned optimizer itself.' },
  ),
});
export type OptimizerResult = Static<typeof OptimizerResult>;

/** In a job's record, its `started` event and its results. */
export const weightsSha256 = Type.String({
  description: 'SHA-256 of the file of weights that a job of kind "compare" compares, in hexadecimal.',
});

export const ComparisonResults = Strict(
  {
    problem: Complete(ProblemSpec),
    seed: Type.Integer(),
    steps: Type.Integer({ description: 'k: the sum is Σ f(θ_t), t = 0 … k-1, and the final loss f(θ_k).' }),
    functions: Type.Integer(),
    resamples: Type.Integer(),
    trainedOn: Type.Optional(TrainedOn),
    weightsSha256: Type.Optional(weightsSha256),
    optimizers: Type.Array(OptimizerResult, { description: 'The learned optimizer first.' }),
  },
  { title: 'ComparisonResults' },
);
export type ComparisonResults = Static<typeof ComparisonResults>;
