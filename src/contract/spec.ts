import type { Static } from 'typebox';
import { ComparisonSpec } from './comparison.js';
import { LearnedSpec } from './optimizers.js';
import { ProblemSpec } from './problems.js';
import { Choice, Nullable, OneOf, Strict } from './schema.js';
import { visibleText } from './text.js';
import { TrainedOptimizerRef } from './trained.js';
import { TrainingSpec } from './training.js';
import { Type } from './type.js';

/** The schemas of a job's document. Every field not marked required has a default. */

export const EngineSpec = Strict(
  {
    name: Choice(['auto', 'native', 'tfjs'], {
      default: 'auto',
      description:
        '"auto" selects the fastest engine that the worker has and that accepts the job: "native", fused kernels for the CPU, or else "tfjs". With "auto", a named backend means "tfjs", but precision "bf16" means "native".',
    }),
    backend: Choice(['auto', 'wasm', 'cpu', 'tensorflow'], {
      default: 'auto',
      description:
        'The tfjs backend; with "native", the backend that evaluates problems without native kernels. "auto" is tensorflow where @tensorflow/tfjs-node-gpu is installed, else wasm.',
    }),
    precision: Type.Optional(
      Choice(['fp32', 'bf16'], {
        description:
          'Of the products of an optimizer "mlp", and of the perceptrons that its training is on; sums are always in fp32. "bf16" needs the native engine and a processor with AVX512_BF16. Its results differ from those of fp32, which is the default. Whether it is faster depends on the processor: `npm run bench -- --only W4 --peers us,bf16` measures it.',
      }),
    ),
  },
  { default: {}, description: 'The engine that computes the unrolls.' },
);
export type EngineSpec = Static<typeof EngineSpec>;

const common = {
  title: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, pattern: visibleText, description: 'One line of free text.' }),
  ),
  labels: Type.Array(Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._=/-]+$' }), {
    maxItems: 16,
    uniqueItems: true,
    default: [],
    description: 'Labels, for filtering lists of jobs.',
  }),
  seed: Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    default: 1,
    description: 'Same seed, engine, backend, instruction set and precision: same bits.',
  }),
  maxAttempts: Type.Integer({
    minimum: 1,
    maximum: 10,
    default: 2,
    description: 'Maximum number of attempts, after which a lost child process or worker fails the job.',
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
    comparison: Nullable(ComparisonSpec, { default: {}, description: 'null to train only.' }),
  },
  { title: 'Meta-training', description: 'Train a learned optimizer, then compare it with hand-designed ones.' },
);
export type MetatrainSpec = Static<typeof MetatrainSpec>;

export const CompareSpec = Strict(
  { kind: Type.Literal('compare'), ...common, optimizer: TrainedOptimizerRef, comparison: ComparisonSpec },
  { title: 'Comparison', description: 'Compare a trained optimizer with hand-designed ones on any problem.' },
);
export type CompareSpec = Static<typeof CompareSpec>;

export const JobSpec = OneOf('kind', [MetatrainSpec, CompareSpec], {
  title: 'JobSpec',
  description: 'What a job does.',
});
export type JobSpec = Static<typeof JobSpec>;

/** The problem that a training's weights are validated on. */
export function validationProblem({ problem, training }: Pick<MetatrainSpec, 'problem' | 'training'>): ProblemSpec {
  return training.validation.problem ?? problem;
}

/** All problems that a job draws functions of. */
export function problemsOf(spec: JobSpec): readonly ProblemSpec[] {
  const proxy = spec.kind === 'metatrain' ? spec.training.validation.problem : undefined;
  return proxy ? [spec.problem, proxy] : [spec.problem];
}
