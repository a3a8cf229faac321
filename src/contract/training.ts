import type { Static } from 'typebox';
import { Measure } from './comparison.js';
import { GroupRule } from './optimizers.js';
import { Choice, Nullable, OneOf, Strict } from './schema.js';
import { Type } from './type.js';

/** How an optimizer is meta-trained: the schema of a job's `training`. Every field has a default. */

export const MetaLossSpec = Type.Unsafe<'sum' | 'sum-and-final' | 'final' | number[]>({
  anyOf: [
    { type: 'string', enum: ['sum', 'sum-and-final', 'final'] },
    { type: 'array', items: { type: 'number', minimum: 0, maximum: 1e6 }, minItems: 2, maxItems: 1001 },
  ],
  default: 'sum',
  description:
    'Weights w_t of the losses f(θ_t), t = 0 … T, of an unroll of T steps: "sum" is 1 for t < T; "sum-and-final" is 1 for all; "final" is 1 for t = T only; or T + 1 numbers. f(θ_0) does not depend on the optimizer, so one of the others needs a weight.',
});

const warmup = Type.Integer({
  minimum: 0,
  maximum: 100_000_000,
  default: 0,
  description:
    'Meta-iterations over which the rate rises linearly from 0 to where the schedule has it (Goyal et al. 2017).',
});

export const ScheduleSpec = OneOf(
  'name',
  [
    Strict({ name: Type.Literal('constant'), warmup }, { description: 'The rate stays as it is.' }),
    Strict(
      {
        name: Type.Literal('cosine'),
        warmup,
        finalFraction: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0,
          description: 'Of the rate, where training ends.',
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
          description: 'What the rate is multiplied by over `every` meta-iterations.',
        }),
        every: Type.Integer({ minimum: 1, maximum: 100_000_000, default: 1000 }),
        staircase: Type.Boolean({
          default: false,
          description: 'true: in steps, at each multiple of `every` (step decay); false: evenly.',
        }),
      },
      { description: 'Exponential decay, or step decay.' },
    ),
  ],
  {
    default: { name: 'constant', warmup: 0 },
    description: 'How the meta-optimizer’s learning rate goes over the meta-iterations; `learningRate` is its peak.',
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
      description: 'Meta-iterations that it lasts, the first ones; at most all.',
    }),
  },
  { description: 'Imitation of a hand-written rule, whose learning rate is a number, before training proper.' },
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
    horizon: Nullable(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      default: null,
      description: 'Steps that each is optimised for; null for training’s horizon, the last stage’s of a curriculum.',
    }),
    measure: Type.Unsafe<Measure>({
      ...Measure,
      default: 'sum',
      description:
        'What the best weights are chosen by, as a mean over the functions: the sum, the final loss or the last tenth’s mean, over the horizon. Over one step the sum cannot tell.',
    }),
    patience: Nullable(Type.Integer({ minimum: 1, maximum: 1_000_000 }), {
      default: null,
      description:
        'Validations in a row without a better one after which training ends (early stopping: Prechelt 1998), those of a warm-up by imitation not counted; null for never.',
    }),
  },
  { default: {}, description: 'The weights with the best validation loss are the ones that are kept.' },
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
        'Stages with horizons and unrolls of their own, in order; before the first, `horizon` and `unroll` hold. A stage begins with fresh functions (progressive training: Chen et al. 2020, arXiv 2010.09089; growing horizons: Lv et al. 2017).',
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
      description: 'Of the meta-optimizer, Adam (β1 0.9, β2 0.999, ε 1e-8).',
    }),
    schedule: ScheduleSpec,
    clipNorm: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }), {
      default: null,
      description: 'The meta-gradient is scaled down to this global norm where it is longer; null for never.',
    }),
    metaLoss: MetaLossSpec,
    objective: Choice(['loss', 'log', 'relative'], {
      default: 'loss',
      description:
        'What of each loss the meta-loss adds up, function by function: "loss" is f(θ_t); "log" is log(f(θ_t) + 1e-8) (Wichrowska et al. 2017, arXiv 1703.04813), where a negative loss has no gradient; "relative" is f(θ_t)/|f(θ_0)|, θ_0 being where the function’s horizon began; a function that begins at 0 is divided by 1.',
    }),
    randomScaling: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 10 }), {
      default: null,
      description:
        'a: training’s functions are f(c∘θ), started from θ_0/c, each coordinate of c being e^u, u ~ U(-a, a), drawn for each function, as of the problem “rescaled” (random scaling: Lv, Jiang and Li 2017, arXiv 1703.03633); null for never.',
    }),
    imitation: Nullable(ImitationSpec, {
      default: null,
      description:
        'A warm-up by imitation (off-policy imitation learning: Chen et al. 2020, arXiv 2010.09089): for the first `iterations` meta-iterations a hand-written rule moves all of θ, and the meta-loss is the mean over steps, functions and coordinates of ((g_t - ĝ_t)/α)², g_t being the updates that the networks make of the gradients along the rule’s way, ĝ_t the rule’s own and α its learning rate; `metaLoss`, `objective` and `secondDerivatives` count afterwards, when training goes on with fresh functions. null for none.',
    }),
    secondDerivatives: Choice(['dropped', 'exact'], {
      default: 'dropped',
      description: 'Whether the meta-gradient passes through ∇f. The paper drops that term.',
    }),
    validation: ValidationSpec,
  },
  { default: {}, description: 'How the optimizer is meta-trained.' },
);
export type TrainingSpec = Static<typeof TrainingSpec>;

/** w_t, t = 0 … unroll. */
export function lossWeights(metaLoss: TrainingSpec['metaLoss'], unroll: number): number[] {
  if (Array.isArray(metaLoss)) return metaLoss;
  return Array.from({ length: unroll + 1 }, (_, t) => {
    if (t === unroll) return metaLoss === 'sum' ? 0 : 1;
    return metaLoss === 'final' ? 0 : 1;
  });
}
