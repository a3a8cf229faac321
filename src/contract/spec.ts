import type { Static } from 'typebox';
import { ComparisonSpec } from './comparison.js';
import { LearnedSpec } from './optimizers.js';
import { ProblemSpec } from './problems.js';
import { Choice, Nullable, OneOf, Strict } from './schema.js';
import { visibleText } from './text.js';
import { TrainedOptimizerRef } from './trained.js';
import { TrainingSpec } from './training.js';
import { Type } from './type.js';

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

const common = {
  title: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, pattern: visibleText, description: 'A line for people.' }),
  ),
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
  { title: 'Meta-training', description: 'Train a learned optimizer, then compare it with hand-designed ones.' },
);
export type MetatrainSpec = Static<typeof MetatrainSpec>;

export const CompareSpec = Strict(
  { kind: Type.Literal('compare'), ...common, optimizer: TrainedOptimizerRef, comparison: ComparisonSpec },
  { title: 'Comparison', description: 'Evaluate a trained optimizer on any problem, beside hand-designed ones.' },
);
export type CompareSpec = Static<typeof CompareSpec>;

export const JobSpec = OneOf('kind', [MetatrainSpec, CompareSpec], {
  title: 'JobSpec',
  description: 'What a job is to do.',
});
export type JobSpec = Static<typeof JobSpec>;
