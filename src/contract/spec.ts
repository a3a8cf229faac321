import { type Static, Type } from 'typebox';
import { ComparisonSpec } from './comparison.js';
import { LearnedSpec } from './optimizers.js';
import { ProblemSpec } from './problems.js';
import { Choice, Nullable, OneOf, Strict } from './schema.js';
import { TrainedOptimizerRef } from './trained.js';

/** The schemas of a job's document: what a client may ask for. Every field not marked required has a default. */

export const EngineSpec = Strict(
  {
    name: Choice(['auto', 'native', 'tfjs'], {
      default: 'auto',
      description:
        '"auto" takes the fastest engine that the worker has and that accepts the job: "native", fused kernels for the processor, or else "tfjs". A named backend means "tfjs".',
    }),
    backend: Choice(['auto', 'wasm', 'cpu', 'tensorflow'], {
      default: 'auto',
      description:
        'The tfjs backend; with "native", that of the gradients of problems without native kernels. "auto" is tensorflow where @tensorflow/tfjs-node-gpu is installed, else wasm.',
    }),
  },
  { default: {}, description: 'What computes the unrolls.' },
);
export type EngineSpec = Static<typeof EngineSpec>;

export const MetaLossSpec = Type.Unsafe<'sum' | 'sum-and-final' | 'final' | number[]>({
  anyOf: [
    { type: 'string', enum: ['sum', 'sum-and-final', 'final'] },
    { type: 'array', items: { type: 'number', minimum: 0, maximum: 1e6 }, minItems: 2, maxItems: 1001 },
  ],
  default: 'sum',
  description:
    'Weights w_t of the losses f(θ_t), t = 0 … T, of an unroll of T steps: "sum" is 1 for t < T; "sum-and-final" is 1 for all; "final" is 1 for t = T alone; or T + 1 numbers.',
});

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
    measure: Choice(['sum', 'final'], {
      default: 'sum',
      description: 'What the best weights are chosen by: the mean of Σ f(θ_t), t < horizon, or of f(θ_horizon).',
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
    clipNorm: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }), {
      default: null,
      description: 'The meta-gradient is scaled down to this global norm where it is longer; null for never.',
    }),
    metaLoss: MetaLossSpec,
    secondDerivatives: Choice(['dropped', 'exact'], {
      default: 'dropped',
      description: 'Whether the meta-gradient passes through ∇f. The paper drops that term.',
    }),
    validation: ValidationSpec,
  },
  { default: {}, description: 'How the optimizer is meta-trained.' },
);
export type TrainingSpec = Static<typeof TrainingSpec>;

const common = {
  title: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'A line for people.' })),
  labels: Type.Array(Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._=/-]+$' }), {
    maxItems: 16,
    uniqueItems: true,
    default: [],
    description: 'For filtering.',
  }),
  seed: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 1,
    description: 'Same seed, engine, backend and instruction set: same bits.',
  }),
  maxAttempts: Type.Integer({
    minimum: 1,
    maximum: 10,
    default: 2,
    description: 'How often the job is begun before a lost child process or worker fails it.',
  }),
  engine: EngineSpec,
  problem: ProblemSpec,
};

export const MetatrainSpec = Strict(
  {
    kind: Type.Literal('metatrain'),
    ...common,
    optimizer: LearnedSpec,
    training: TrainingSpec,
    comparison: Nullable(ComparisonSpec, { default: {}, description: 'null: train only.' }),
  },
  { title: 'Meta-training', description: 'Train a learned optimizer, then compare it with hand-written ones.' },
);
export type MetatrainSpec = Static<typeof MetatrainSpec>;

export const CompareSpec = Strict(
  { kind: Type.Literal('compare'), ...common, optimizer: TrainedOptimizerRef, comparison: ComparisonSpec },
  { title: 'Comparison', description: 'Take a trained optimizer to any problem, beside hand-written ones.' },
);
export type CompareSpec = Static<typeof CompareSpec>;

export const JobSpec = OneOf('kind', [MetatrainSpec, CompareSpec], {
  title: 'JobSpec',
  description: 'What a job is to do.',
});
export type JobSpec = Static<typeof JobSpec>;
