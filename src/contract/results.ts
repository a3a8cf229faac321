import type { Static } from 'typebox';
import { Measure } from './measures.js';
import { BaselineSpec } from './optimizers.js';
import { ProblemSpec, TrainingProblem } from './problems.js';
import { Choice, Complete, Nullable, Strict, WireNumber } from './schema.js';
import { Type } from './type.js';
import { StepSchedule } from './use.js';

/** The results of a comparison. Intervals are 95 % percentile-bootstrap intervals over functions. */

export const Estimate = Strict(
  { value: WireNumber, low: WireNumber, high: WireNumber },
  { description: 'A mean and its 95 % interval, "NaN" to "NaN" where the mean is not finite.' },
);
export type Estimate = Static<typeof Estimate>;

const NotTuned = Strict({
  measure: Type.Unsafe<Measure>({ ...Measure, description: 'One of `measures`.' }),
  parameter: Type.String({
    description:
      'Name of the parameter. For "learningRate" the rule keeps its usual rate and its other parameters. For any other, several values did equally well, and the rule has one of them.',
  }),
  reason: Type.String({
    description: 'Why, such as "the sum over one step is the loss at the start, whatever the rate".',
  }),
});
export type NotTuned = Static<typeof NotTuned>;

export const TuningResult = Strict({
  measure: Type.Unsafe<Measure>({ ...Measure, description: 'The first of `measures`: the scores are for it.' }),
  measures: Type.Array(Measure, {
    description: 'The measures that this rate is best for, or, if in `notTuned`, could not be tuned for.',
  }),
  functions: Type.Integer(),
  examples: Choice(['training', 'held-out'], {
    description: 'The examples that the tuning functions saw, for problems with examples.',
  }),
  atEdge: Type.Boolean({
    description: 'Whether the best rate is at the edge of a grid that has grown by its maximum of 160 rates.',
  }),
  grid: Type.Array(
    Strict({
      learningRate: Type.Number(),
      parameters: Type.Record(Type.String(), Type.Number(), {
        description: 'Values of the other tuned parameters.',
      }),
      score: WireNumber,
      scores: Strict({ sum: WireNumber, final: WireNumber, tail: WireNumber }),
      diverged: Type.Boolean({
        description:
          'Whether some loss of a tuning function was not finite, or exceeded its first by more than a hundred times the functions’ mean fall at the best rate of the grid.',
      }),
    }),
  ),
  notTuned: Type.Optional(
    Type.Array(NotTuned, {
      description: 'What could not be tuned, and why. Absent where everything was.',
    }),
  ),
});
export type TuningResult = Static<typeof TuningResult>;

/** Whether the rule has kept its usual rate, since none proved best. */
export function keepsUsualRate({ notTuned = [] }: TuningResult): boolean {
  return notTuned.some(({ parameter }) => parameter === 'learningRate');
}

const winRate = (measure: string) =>
  Type.Unsafe<number>({
    type: 'number',
    description: `Share of functions on which the learned optimizer’s ${measure} is smaller; a tie counts half.`,
  });
const difference = (measure: string) =>
  Type.Unsafe<Estimate>({
    ...Estimate,
    description: `The learned optimizer’s ${measure} minus this one’s, paired by function: below 0 where the learned optimizer is better.`,
  });
const stepsSaved = (curve: string) =>
  Nullable(Type.Integer(), {
    description: `k minus the first step at which the learned optimizer’s ${curve} is at or below this one’s at step k; null where it never is.`,
  });

export const TrainedOn = Strict(
  {
    problem: TrainingProblem,
    steps: Type.Integer({ description: 'Horizon of the last stage of its training.' }),
  },
  { description: 'What the learned optimizer was trained on; absent where its file does not say.' },
);
export type TrainedOn = Static<typeof TrainedOn>;

export const MeasureResult = Strict({
  mean: Estimate,
  median: WireNumber,
  difference: Nullable(difference('mean')),
  winRate: Nullable(
    Type.Number({
      description: 'Share of functions on which the learned optimizer’s measure is smaller; a tie counts half.',
    }),
  ),
});
export type MeasureResult = Static<typeof MeasureResult>;

export const Role = Choice(['learned', 'baseline', 'yardstick'], {
  description:
    'The learned optimizer; a hand-designed one to beat; or a yardstick, which knows more of the functions than an optimizer does. Absent from results of versions before this field.',
});
export type Role = Static<typeof Role>;

export const OptimizerResult = Strict({
  label: Type.String({ description: 'Unique in the comparison, for tables and legends.' }),
  role: Type.Optional(Role),
  rule: Nullable(Complete(BaselineSpec), {
    description: 'The rule, with the learning rate used; null for the learned optimizer.',
  }),
  use: Type.Optional(
    Strict(
      { learningRate: Type.Number(), schedule: StepSchedule, weightDecay: Type.Number() },
      { description: 'How the learned optimizer was used, where the document says how.' },
    ),
  ),
  tuning: Nullable(TuningResult),
  measures: Type.Optional(
    Strict(
      { sum: MeasureResult, tail: MeasureResult, final: MeasureResult },
      {
        description:
          'The results by measure; `difference` and `winRate` are null for the learned optimizer itself. The fields named after measures below have the same numbers. Absent from results of versions before this field.',
      },
    ),
  ),
  sum: Estimate,
  sumDeviation: Type.Unsafe<Static<typeof WireNumber>>({
    ...WireNumber,
    description: 'Standard deviation of the sum over functions.',
  }),
  sumMedian: WireNumber,
  final: Estimate,
  finalMedian: WireNumber,
  log10MeanFinal: Type.Unsafe<Estimate>({
    ...Estimate,
    description:
      'Base-10 logarithm of the mean final loss; "NaN" where that is below 0, likewise the ends of the interval.',
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
            'The steps t of the values, where some are left out: with `curves.points`, and in a `comparison` event whose results are too large for it.',
        }),
      ),
      mean: Type.Array(WireNumber),
      quantiles: Type.Array(Strict({ probability: Type.Number(), values: Type.Array(WireNumber) })),
      functions: Type.Optional(
        Type.Array(Type.Array(WireNumber), {
          description:
            'With `curves.functions`, per function and value: its mean loss over the steps since the value before. A thinned event leaves them out.',
        }),
      ),
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

export const ComponentResult = Strict(
  {
    component: Type.Integer({ minimum: 1, description: 'Its place among the mixture’s components, from 1.' }),
    functions: Type.Integer({ description: 'How many of the functions are its own.' }),
    optimizers: Type.Array(
      Strict({
        label: Type.String(),
        measures: Strict({ sum: MeasureResult, tail: MeasureResult, final: MeasureResult }),
      }),
      { description: 'In the order of the comparison’s `optimizers`.' },
    ),
  },
  { description: 'The results on the functions of one component of a mixture.' },
);
export type ComponentResult = Static<typeof ComponentResult>;

/** Part of a job's record, its `started` event and its results. */
export const weightsSha256 = Type.String({
  description: 'SHA-256, in hexadecimal, of the weights file that a job of kind "compare" evaluates.',
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
    components: Type.Optional(
      Type.Array(ComponentResult, {
        description:
          'Where the problem is a mixture: the same measures for each component that has functions in the comparison.',
      }),
    ),
  },
  { title: 'ComparisonResults' },
);
export type ComparisonResults = Static<typeof ComparisonResults>;
