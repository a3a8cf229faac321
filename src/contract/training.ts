import type { Static } from 'typebox';
import { EstimatorSpec } from './estimators.js';
import { Measure } from './measures.js';
import { GroupRule, maximumRate } from './optimizers.js';
import type { ProblemSpec } from './problems.js';
import { Choice, InnerProblem, Nullable, OneOf, Strict } from './schema.js';
import { Type } from './type.js';
import { useFields } from './use.js';

/** How an optimizer is meta-trained: the schema of a job's `training`. Every field has a default. */

export const MetaLossSpec = Type.Unsafe<'sum' | 'sum-and-final' | 'final' | number[]>({
  anyOf: [
    { type: 'string', enum: ['sum', 'sum-and-final', 'final'] },
    { type: 'array', items: { type: 'number', minimum: 0, maximum: 1e6 }, minItems: 2, maxItems: 1001 },
  ],
  default: 'sum',
  description:
    'Weights w_t of the losses f(θ_t), t = 0 … T, in an unroll of T steps: "sum" is 1 for t < T; "sum-and-final" is 1 for all; "final" is 1 for t = T only; or T + 1 numbers. f(θ_0) does not depend on the optimizer, so another loss needs a weight other than 0.',
});

const warmup = Type.Integer({
  minimum: 0,
  maximum: 100_000_000,
  default: 0,
  description: 'Meta-iterations over which the rate rises linearly from 0 to the schedule’s value (Goyal et al. 2017).',
});

export const ScheduleSpec = OneOf(
  'name',
  [
    Strict({ name: Type.Literal('constant'), warmup }, { description: 'A constant rate.' }),
    Strict(
      {
        name: Type.Literal('cosine'),
        warmup,
        finalFraction: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0,
          description: 'Fraction of the rate at the end of training.',
        }),
      },
      {
        description:
          'Half a cosine from the rate down to a fraction of it, over all meta-iterations (Loshchilov and Hutter 2017, without restarts).',
      },
    ),
    Strict(
      {
        name: Type.Literal('exponential'),
        warmup,
        factor: Type.Number({
          exclusiveMinimum: 0,
          maximum: 1,
          default: 0.5,
          description: 'Factor on the rate per `every` meta-iterations.',
        }),
        every: Type.Integer({ minimum: 1, maximum: 100_000_000, default: 1000 }),
        staircase: Type.Boolean({
          default: false,
          description: 'true: in steps, at each multiple of `every` (step decay); false: smoothly.',
        }),
      },
      { description: 'Exponential decay, or step decay.' },
    ),
  ],
  {
    default: { name: 'constant', warmup: 0 },
    description: 'The meta-optimizer’s learning rate over the meta-iterations; `learningRate` is its peak.',
  },
);
export type ScheduleSpec = Static<typeof ScheduleSpec>;

export const StageSpec = Strict(
  {
    from: Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'First meta-iteration of the stage, from 0.' }),
    horizon: Type.Integer({ minimum: 1, maximum: 100_000 }),
    unroll: Type.Integer({ minimum: 1, maximum: 1000, description: 'Divides the horizon.' }),
  },
  { description: 'A stage of the curriculum.' },
);
export type StageSpec = Static<typeof StageSpec>;

export const ImitationSpec = Strict(
  {
    rule: GroupRule,
    iterations: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 100,
      description: 'Number of initial meta-iterations that imitate; at most all of them.',
    }),
  },
  { description: 'Imitation of a hand-designed optimizer, whose learning rate is a number, before training proper.' },
);
export type ImitationSpec = Static<typeof ImitationSpec>;

export const ValidationSpec = Strict(
  {
    every: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 100,
      description: 'Meta-iterations from one validation to the next.',
    }),
    functions: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 256,
      description: 'Held-out functions, the same each time.',
    }),
    problem: Type.Optional(
      Type.Unsafe<ProblemSpec>(
        InnerProblem({
          description:
            'The problem of these functions, where it is not that of the training: a proxy for what the optimizer is meant for. The weights with the minimum training loss need not be the best elsewhere (arXiv 2602.19142).',
        }),
      ),
    ),
    horizon: Nullable(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      default: null,
      description:
        'Steps for which each is optimised; null for training’s horizon, in a curriculum that of the last stage.',
    }),
    measure: Type.Unsafe<Measure>({
      ...Measure,
      default: 'sum',
      description:
        'How the best weights are chosen, as a mean over the functions: by the sum, the final loss, or the mean of the last tenth of the horizon. The sum over one step cannot tell weights apart.',
    }),
    patience: Nullable(Type.Integer({ minimum: 1, maximum: 1_000_000 }), {
      default: null,
      description:
        'Consecutive validations without improvement after which training ends (early stopping: Prechelt 1998), not counting those of a warm-up by imitation; null for never.',
    }),
  },
  { default: {}, description: 'The weights with the best validation loss are kept.' },
);

export const InnerUse = Strict(
  {
    learningRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: maximumRate,
      description: 'α, which multiplies the updates: 1 is an LSTM’s usual rate, 0.001 an MLP’s.',
    }),
    ...useFields,
  },
  {
    description:
      'How the learned optimizer is used in training and validation, its schedule over each function’s horizon; with evolution strategies only. At its usual rate unless given.',
  },
);

export const TrainingSpec = Strict(
  {
    iterations: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 1000,
      description: 'Meta-iterations: unrolls, each followed by one step of the meta-optimizer.',
    }),
    horizon: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 20,
      description: 'Steps for which a function is optimised before a fresh one is drawn.',
    }),
    unroll: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 20,
      description: 'Steps between truncations of back-propagation; divides the horizon.',
    }),
    curriculum: Type.Array(StageSpec, {
      maxItems: 64,
      default: [],
      description:
        'Stages with their own horizons and unrolls, in order; `horizon` and `unroll` apply before the first. Each stage begins with fresh functions (progressive training: Chen et al. 2020, arXiv 2010.09089; growing horizons: Lv et al. 2017).',
    }),
    functions: Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 1,
      description: 'Functions optimised side by side; the meta-loss is their mean.',
    }),
    learningRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 10,
      default: 1e-3,
      description: 'Learning rate of the meta-optimizer, Adam (β1 0.9, β2 0.999, ε 1e-8).',
    }),
    schedule: ScheduleSpec,
    weightDecay: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 10,
        description:
          'λ of the meta-optimizer: φ shrinks by α λ φ per meta-iteration, α its learning rate (AdamW: Loshchilov and Hutter 2019); 0 unless given.',
      }),
    ),
    clipNorm: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }), {
      default: null,
      description: 'Maximum global norm of the meta-gradient, which is scaled down to it; null for no maximum.',
    }),
    metaLoss: MetaLossSpec,
    objective: Choice(['loss', 'log', 'relative'], {
      default: 'loss',
      description:
        'The form in which each loss enters the meta-loss, per function: "loss" is f(θ_t); "log" is log(f(θ_t) + 1e-8) (Wichrowska et al. 2017, arXiv 1703.04813), where negative losses have no gradient; "relative" is f(θ_t)/|f(θ_0)|, where θ_0 is the start of the function’s horizon; a function that begins at 0 is divided by 1.',
    }),
    randomScaling: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 10 }), {
      default: null,
      description:
        'a: training uses functions f(c∘θ), starting at θ_0/c, with each coordinate of c = e^u, u ~ U(-a, a), drawn for each function, as in the problem "rescaled" (random scaling: Lv, Jiang and Li 2017, arXiv 1703.03633); null for none.',
    }),
    estimator: Type.Optional(EstimatorSpec),
    inner: Type.Optional(InnerUse),
    imitation: Nullable(ImitationSpec, {
      default: null,
      description:
        'A warm-up by imitation (off-policy imitation learning: Chen et al. 2020, arXiv 2010.09089): for the first `iterations` meta-iterations a hand-designed optimizer (`rule`) moves all of θ. The meta-loss is then the mean over steps, functions and coordinates of ((g_t - ĝ_t)/α)², where g_t are the networks’ updates for the gradients along the rule’s trajectory, ĝ_t the rule’s own updates, and α its learning rate. `metaLoss`, `objective` and `secondDerivatives` apply afterwards, when training continues with fresh functions. null for none.',
    }),
    secondDerivatives: Choice(['dropped', 'exact'], {
      default: 'dropped',
      description:
        'Whether the meta-gradient includes the term through ∇f, "exact", or not, "dropped", as in the paper.',
    }),
    validation: ValidationSpec,
  },
  { default: {}, description: 'How the optimizer is meta-trained.' },
);
export type TrainingSpec = Static<typeof TrainingSpec>;

/** w_t, t = 0 … unroll. */
export function lossWeights(metaLoss: TrainingSpec['metaLoss'], unroll: number): number[] {
  if (Array.isArray(metaLoss)) return metaLoss;
  const weights = new Array<number>(unroll + 1).fill(metaLoss === 'final' ? 0 : 1);
  weights[unroll] = metaLoss === 'sum' ? 0 : 1;
  return weights;
}
