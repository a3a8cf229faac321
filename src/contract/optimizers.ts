import type { Static, TSchema, TUnsafe } from 'typebox';
import { LstmSpec } from './networks/lstm.js';
import { MlpSpec } from './networks/mlp.js';
import type { NetworkSpec } from './networks/networks.js';
import { OneOf, Strict } from './schema.js';
import { Type } from './type.js';
import { OptionalSchedule, type StepSchedule } from './use.js';

/** The maximum learning rate, whether given or tuned. */
export const maximumRate = 1e6;
const rateRange = { exclusiveMinimum: 0, maximum: maximumRate } as const;
const rate = (usual: number) =>
  Type.Unsafe<number | 'tuned'>({
    anyOf: [
      { type: 'number', ...rateRange },
      { type: 'string', enum: ['tuned'] },
    ],
    default: 'tuned',
    description: `Learning rate, or "tuned": the best of a grid around ${usual} on separate tuning functions, or ${usual} where they cannot tell which is best.`,
  });
const decay = (value: number, description: string) =>
  Type.Number({ minimum: 0, exclusiveMaximum: 1, default: value, description });
const epsilon = (value: number) =>
  Type.Number({
    minimum: 0,
    maximum: 1,
    default: value,
    description: 'Added to the denominator. Values below 2^-75 count as 2^-75, so that nothing is divided by 0.',
  });

export const SgdSpec = Strict(
  { name: Type.Literal('sgd'), learningRate: rate(0.1) },
  { title: 'Gradient descent', description: 'θ ← θ - α ∇f(θ).' },
);
export const MomentumSpec = Strict(
  {
    name: Type.Literal('momentum'),
    learningRate: rate(0.01),
    momentum: decay(0.9, 'Decay μ of the velocity.'),
  },
  { title: 'Momentum', description: 'v ← μ v - α ∇f(θ), θ ← θ + v (Polyak 1964, the heavy ball).' },
);
export const NagSpec = Strict(
  { name: Type.Literal('nag'), learningRate: rate(0.01), momentum: decay(0.9, 'Decay μ of the velocity.') },
  {
    title: "Nesterov's accelerated gradient",
    description:
      'v ← μ v - α ∇f(θ), θ ← θ + μ v - α ∇f(θ): the form of Sutskever et al. 2013, with the gradient taken at the iterate itself.',
  },
);
export const RmspropSpec = Strict(
  {
    name: Type.Literal('rmsprop'),
    learningRate: rate(0.01),
    decay: decay(0.99, 'Decay ρ of the mean square.'),
    epsilon: epsilon(1e-5),
  },
  {
    title: 'RMSProp',
    description: 'v ← ρ v + (1 - ρ) g², v0 = 0, θ ← θ - α g / (√v + ε) (Tieleman and Hinton 2012).',
  },
);
export const AdagradSpec = Strict(
  { name: Type.Literal('adagrad'), learningRate: rate(0.1), epsilon: epsilon(1e-10) },
  { title: 'Adagrad', description: 'v ← v + g², θ ← θ - α g / (√v + ε) (Duchi et al. 2011).' },
);
export const AdamSpec = Strict(
  {
    name: Type.Literal('adam'),
    learningRate: rate(0.01),
    beta1: decay(0.9, 'Decay of the mean of the gradients.'),
    beta2: decay(0.999, 'Decay of the mean of their squares.'),
    epsilon: epsilon(1e-8),
  },
  { title: 'Adam', description: 'Kingma and Ba 2015, algorithm 1, with bias correction.' },
);
const weightDecay = (value: number) =>
  Type.Number({ minimum: 0, maximum: 10, default: value, description: 'λ: θ shrinks by α λ θ per step.' });
export const AdamwSpec = Strict(
  {
    name: Type.Literal('adamw'),
    learningRate: rate(0.01),
    beta1: decay(0.9, 'Decay of the mean of the gradients.'),
    beta2: decay(0.999, 'Decay of the mean of their squares.'),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0.01),
  },
  {
    title: 'AdamW',
    description: 'Adam with decoupled weight decay: Adam’s step, and θ ← θ - α λ θ (Loshchilov and Hutter 2019).',
  },
);
export const NadamwSpec = Strict(
  {
    name: Type.Literal('nadamw'),
    learningRate: rate(0.01),
    beta1: decay(0.9, 'Decay of the mean of the gradients.'),
    beta2: decay(0.999, 'Decay of the mean of their squares.'),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0.01),
  },
  {
    title: 'NAdamW',
    description:
      'AdamW with Nesterov’s look-ahead: in place of m/(1 - β1^t), β1 m/(1 - β1^(t+1)) + (1 - β1) g/(1 - β1^t) (Dozat 2016, with a constant β1, as in Optax).',
  },
);
export const LionSpec = Strict(
  {
    name: Type.Literal('lion'),
    learningRate: rate(0.003),
    beta1: decay(0.9, 'Weight of the mean of the gradients in the direction.'),
    beta2: decay(0.99, 'Decay of the mean of the gradients.'),
    weightDecay: weightDecay(0),
  },
  {
    title: 'Lion',
    description: 'θ ← θ - α (sgn(β1 m + (1 - β1) g) + λ θ), then m ← β2 m + (1 - β2) g (Chen et al. 2023).',
  },
);
export const MuonSpec = Strict(
  {
    name: Type.Literal('muon'),
    learningRate: rate(0.02),
    momentum: decay(0.95, 'Decay of the mean of the gradients of matrices.'),
    vectorRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e3,
      default: 0.1,
      description:
        'Learning rate of vectors as a multiple of that of matrices: 0.015 in the author’s example, 1 in Optax.',
    }),
    beta1: decay(0.9, 'Decay of the mean of the gradients of vectors.'),
    beta2: decay(0.95, 'Decay of the mean of their squares.'),
    epsilon: epsilon(1e-10),
    weightDecay: weightDecay(0),
  },
  {
    title: 'Muon',
    description:
      'Vectors take AdamW’s step. Matrices [in, out], and kernels of convolutions as matrices [k · k · in, out], take one along their momentum, made nearly orthogonal: θ ← θ - α (√max(1, out/in) NS(U) + λ θ), m ← μ m + (1 - μ) g, U = μ m + (1 - μ) g, NS five Newton-Schulz iterations (Jordan et al. 2024, kellerjordan.github.io/posts/muon).',
  },
);
export const ScheduleFreeSgdSpec = Strict(
  {
    name: Type.Literal('schedule-free-sgd'),
    learningRate: rate(0.1),
    beta: decay(0.9, 'Share of x in the point y at which the gradient is taken.'),
  },
  {
    title: 'Schedule-free SGD',
    description:
      'y = (1 - β) z + β x, z ← z - α ∇f(y), x the mean of the z so far (Defazio et al. 2024). The loss is that of x, which the method returns: each step costs an evaluation at x besides the gradient at y.',
  },
);
export const ScheduleFreeAdamwSpec = Strict(
  {
    name: Type.Literal('schedule-free-adamw'),
    learningRate: rate(0.01),
    beta1: decay(0.9, 'Share of x in the point y at which the gradient is taken.'),
    beta2: decay(0.999, 'Decay of the mean of the squares.'),
    epsilon: epsilon(1e-8),
    weightDecay: weightDecay(0),
  },
  {
    title: 'Schedule-free AdamW',
    description:
      'As schedule-free SGD, with Adam’s division by the root of the mean square: z ← z - α (g / (√v̂ + ε) + λ y) (Defazio et al. 2024, algorithm 1, without warm-up).',
  },
);

/** The rules that take their gradient at θ itself. */
const plainRuleSpecs = [
  SgdSpec,
  MomentumSpec,
  NagSpec,
  RmspropSpec,
  AdagradSpec,
  AdamSpec,
  AdamwSpec,
  NadamwSpec,
  LionSpec,
  MuonSpec,
] as const;
/** The same with a schedule: a document's `learningRate` is then its peak. The schedule-free rules replace schedules. */
type Scheduled<T extends readonly TSchema[]> = { [K in keyof T]: TUnsafe<Static<T[K]> & { schedule?: StepSchedule }> };
const scheduledRuleSpecs = plainRuleSpecs.map((spec) => ({
  ...spec,
  properties: { ...spec.properties, schedule: OptionalSchedule },
})) as unknown as Scheduled<typeof plainRuleSpecs>;
const ruleSpecs = [...scheduledRuleSpecs, ScheduleFreeSgdSpec, ScheduleFreeAdamwSpec] as const;

/** The hand-designed optimizers and their parameters. `src/core/optimizers/` has each under the same name. */
export const RuleSpec = OneOf('name', [...ruleSpecs], { description: 'A hand-designed optimizer.' });
export type RuleSpec = Static<typeof RuleSpec>;
export type RuleName = RuleSpec['name'];
export type RuleOf<N extends RuleName> = Extract<RuleSpec, { name: N }>;

export const ConjugateGradientsSpec = Strict(
  { name: Type.Literal('conjugate-gradients') },
  {
    title: 'Conjugate gradients',
    description:
      'With exact line search, for quadratic problems (Hestenes and Stiefel 1952): optimal among methods that move in the span of the gradients seen so far. A yardstick, not a competitor: it knows that the function is quadratic, and sees whole functions. A step is one move of θ; it costs the value and gradient at θ, and one more value for the line search, which is not counted as a step.',
  },
);

export type YardstickSpec = Static<typeof ConjugateGradientsSpec>;

/** What a learned optimizer is compared with. */
export const BaselineSpec = OneOf('name', [...ruleSpecs, ConjugateGradientsSpec], {
  description: 'A hand-designed optimizer, or conjugate gradients.',
});
export type BaselineSpec = Static<typeof BaselineSpec>;

/** Whether a baseline is an update rule, and no yardstick. */
export function isRule(baseline: BaselineSpec): baseline is RuleSpec {
  return 'learningRate' in baseline;
}

/** A rule's schedule, where its document has one. */
export function scheduleOf(rule: RuleSpec): StepSchedule | undefined {
  return 'schedule' in rule ? rule.schedule : undefined;
}

const groupRuleSpecs = plainRuleSpecs.map((spec) => ({
  ...spec,
  required: ['name', 'learningRate'],
  properties: { ...spec.properties, learningRate: Type.Number({ ...rateRange, description: 'Learning rate.' }) },
})) as unknown as typeof plainRuleSpecs;

/** A hand-designed optimizer for a group: its learning rate is a number, and it takes the gradient at θ. */
export const GroupRule = OneOf('name', [...groupRuleSpecs]) as unknown as TUnsafe<
  Static<(typeof plainRuleSpecs)[number]> & { learningRate: number }
>;
export type GroupRule = Static<typeof GroupRule>;

/** Names of groups in earlier versions, before names had to be valid parts of paths. */
export const groupNameBefore = /^[A-Za-z0-9._-]{1,64}$/;

export const GroupSpec = Strict(
  {
    name: Type.String({
      maxLength: 64,
      pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]*$',
      description: 'The tensors of its weights are named NAME/… in files, so it does not begin with a dot.',
    }),
    parameters: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      minItems: 1,
      maxItems: 64,
      description:
        'The problem’s parameters in this group: names; prefixes of names, such as "conv*"; or "*" for all that no other group names.',
    }),
    optimizer: OneOf('name', [LstmSpec, MlpSpec, ...groupRuleSpecs], {
      description: 'A network with weights of its own, or a hand-designed optimizer whose learning rate is a number.',
    }) as unknown as TUnsafe<NetworkSpec | GroupRule>,
  },
  { description: 'Some of the problem’s parameters, and what optimises them.' },
);
export type GroupSpec = Static<typeof GroupSpec>;

export const GroupsSpec = Strict(
  {
    name: Type.Literal('groups'),
    groups: Type.Array(GroupSpec, {
      minItems: 1,
      maxItems: 16,
      default: [{ name: 'all', parameters: ['*'], optimizer: { name: 'lstm' } }],
      description: 'Every parameter of the problem is in exactly one group.',
    }),
  },
  {
    title: 'Groups',
    description:
      'An optimizer per group of parameters: networks trained together, such as one for the weights of convolutions and one for the rest (arXiv 1606.04474, section 3.3), and hand-designed optimizers beside them.',
  },
);
export type GroupsSpec = Static<typeof GroupsSpec>;

/** The learned optimizers. */
export const LearnedSpec = OneOf('name', [LstmSpec, MlpSpec, GroupsSpec], { description: 'The learned optimizer.' });
export type LearnedSpec = Static<typeof LearnedSpec>;
