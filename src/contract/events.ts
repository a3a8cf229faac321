import type { Static } from 'typebox';
import { Measure } from './comparison.js';
import { ComparisonResults, weightsSha256 } from './results.js';
import { Choice, Nullable, OneOf, Strict, toWire, WireNumber } from './schema.js';
import { Type } from './type.js';

/**
 * The events of a job. `RunEvent`s come from the core, typed arrays and all; what a subscriber receives is an
 * `Envelope` around one of them, or around an event of the job's own life.
 */

export const EngineInfo = Strict(
  {
    engine: Type.String({ description: 'Such as "native" or "tfjs".' }),
    backend: Type.String({ description: 'Such as "cpu" or "wasm".' }),
    version: Type.String(),
    instructionSet: Type.String({ description: 'Such as "avx2" or "wasm-simd"; "portable" where none is chosen.' }),
    threads: Type.Integer({ minimum: 1, description: 'Results do not depend on it.' }),
    gradient: Type.Optional(
      Type.String({
        description:
          'What evaluated a problem that the engine has no kernels for, such as "tfjs wasm 4.22.0 wasm-simd"; without it, the engine did.',
      }),
    ),
    fallback: Type.Optional(
      Type.String({ description: 'Why "auto" did not take the native engine, where it did not.' }),
    ),
  },
  { description: 'What a job really ran on.' },
);
export type EngineInfo = Static<typeof EngineInfo>;

export const Phase = Choice(['training', 'validation', 'tuning', 'comparison', 'statistics']);
export type Phase = Static<typeof Phase>;

const started = {
  type: Type.Literal('started'),
  engine: EngineInfo,
  coordinates: Type.Integer({ description: 'Coordinates of one function.' }),
  weights: Type.Integer({ description: 'Weights φ of the learned optimizer.' }),
  weightsSha256: Type.Optional(weightsSha256),
  iterations: Type.Integer({ description: 'Meta-iterations in all; 0 for a comparison.' }),
  unroll: Type.Integer({ description: 'Steps of an unroll; of the longest, where a curriculum has several.' }),
};
const losses = {
  type: Type.Literal('losses'),
  iteration: Type.Integer({ description: 'Meta-iteration of the first point, from 0.' }),
  step: Type.Integer({ description: 'Step of the first point within its horizon, from 0.' }),
  perIteration: Type.Integer({
    description: 'Points a meta-iteration: point p is of meta-iteration `iteration` + floor(p / `perIteration`).',
  }),
};
const validation = {
  type: Type.Literal('validation'),
  iteration: Type.Integer({ description: 'Meta-iterations done.' }),
  best: Type.Boolean({ description: 'Whether these weights are the best so far.' }),
  measure: Type.Optional(
    Type.Unsafe<Measure>({ ...Measure, description: 'What the loss is: `training.validation.measure`.' }),
  ),
  steps: Type.Optional(Type.Integer({ description: 'Steps that each function was optimised for.' })),
};
export const HealthVerdict = Choice(['learning', 'not yet', 'stalled', 'no longer improving', 'unstable'], {
  description:
    'Whether it is learning, by the validations so far. Of two that have brought nothing lately, "no longer improving" is at least 10 % better than the untrained optimizer, and "stalled" is not.',
});
export type HealthVerdict = Static<typeof HealthVerdict>;
const share = { minimum: 0, maximum: 1 };
const health = {
  type: Type.Literal('health'),
  iteration: Type.Integer({ description: 'Meta-iterations done; those of the validation that it comes with.' }),
  verdict: HealthVerdict,
  message: Type.String({
    description: 'One line: is it learning, and why that is thought; what `causes` names, at its end.',
  }),
  causes: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'What keeps it from learning, where that can be seen: a meta-gradient of exactly 0, tensors of weights that have never changed, states that overflowed.',
    }),
  ),
  gradientNorm: Nullable(
    Type.Number({
      description:
        'Norm of the meta-gradient before clipping: its median over the meta-iterations since the last validation, or over 1,000 of them; null where there were none.',
    }),
  ),
  clipped: Nullable(
    Type.Number({ ...share, description: 'Share of those meta-iterations whose gradient was clipped.' }),
  ),
  signAgreement: Nullable(
    Type.Number({
      ...share,
      description: 'Share of the optimizer’s updates with the sign of the negative gradient, on validation functions.',
    }),
  ),
  saturation: Nullable(
    Type.Number({ ...share, description: 'Share of the LSTM’s outputs h with |h| > 0.9; null where it has no layer.' }),
  ),
  diverged: Type.Number({
    ...share,
    description: 'Share of the validation functions whose last loss is above their first, or not finite.',
  }),
};
const updateSize = 'Root mean square of the optimizer’s updates of θ.';
const progress = {
  type: Type.Literal('progress'),
  phase: Phase,
  done: Type.Integer(),
  total: Type.Integer({ description: 'It may grow: a tuning grid widens.' }),
};
const diverged = {
  type: Type.Literal('diverged'),
  iteration: Type.Integer(),
  where: Choice(['loss', 'meta-gradient', 'weights', 'validation'], {
    description:
      'What was not finite; "validation" is the loss of each validation that the training had. "meta-gradient" is also one too large for the meta-optimizer to keep its square in fp32.',
  }),
  step: Nullable(Type.Integer({ description: 'First step with a non-finite loss.' })),
  message: Type.String(),
};
const comparison = {
  type: Type.Literal('comparison'),
  results: ComparisonResults,
  artifact: Type.Optional(
    Type.String({
      description:
        'Name of the artifact with the whole results, which GET /jobs/{id}/results answers with, where they are too large for an event: its curves then have at most 1,000 points each, and its tuning grids are empty.',
    }),
  ),
};
const done = { type: Type.Literal('done'), iterations: Type.Integer(), bestIteration: Nullable(Type.Integer()) };

/** An event of the core's generator: numbers are numbers, NaN included, and a loss entry's points a typed array. */
export type RunEvent =
  | Static<ReturnType<typeof Strict<typeof started>>>
  | (Static<ReturnType<typeof Strict<typeof losses>>> & {
      /** Mean over the functions of f(θ_t), one point a step. */
      points: Float32Array;
    })
  | (Static<ReturnType<typeof Strict<typeof validation>>> & { loss: number })
  | (Static<ReturnType<typeof Strict<typeof health>>> & { updateSize: number })
  | Static<ReturnType<typeof Strict<typeof progress>>>
  | Static<ReturnType<typeof Strict<typeof diverged>>>
  | Static<ReturnType<typeof Strict<typeof comparison>>>
  | Static<ReturnType<typeof Strict<typeof done>>>;
export type RunEventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** The event as JSON can have it, which knows no NaN; a loss entry's points are for the caller. */
export function toWireEvent(event: Exclude<RunEvent, { type: 'losses' }>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => [name, typeof value === 'number' ? toWire(value) : value]),
  );
}

export const JobState = Choice(['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled']);
export type JobState = Static<typeof JobState>;

export const JobFailure = Strict({
  code: Choice([
    'diverged',
    'child-lost',
    'worker-lost',
    'out-of-memory',
    'unsupported',
    'weights-missing',
    'weights-changed',
    'internal',
  ]),
  message: Type.String(),
});
export type JobFailure = Static<typeof JobFailure>;

const envelope = {
  job: Type.String(),
  attempt: Type.Integer({ minimum: 0, description: '0 before the first attempt begins.' }),
  seq: Type.Integer({ minimum: 0, description: 'Counts stream entries within the attempt.' }),
  time: Type.Integer({ description: 'Milliseconds since 1970, by the writer’s clock.' }),
};
const event = <T extends Parameters<typeof Strict>[0]>(fields: T) => Strict({ ...envelope, ...fields });

/** What a subscriber receives, one JSON document an event. Its cursor is `attempt.seq`. */
export const JobEvent = OneOf(
  'type',
  [
    event(started),
    event({ ...losses, points: Type.Array(WireNumber) }),
    event({ ...validation, loss: WireNumber }),
    event({ ...health, updateSize: Type.Unsafe<WireNumber>({ ...WireNumber, description: updateSize }) }),
    event(progress),
    event(diverged),
    event(comparison),
    event(done),
    event({
      type: Type.Literal('state'),
      state: JobState,
      reason: Nullable(JobFailure, { description: 'Of a failure, or of an attempt that is tried again.' }),
    }),
    event({
      type: Type.Literal('truncated'),
      resumesAt: Type.String({ description: 'Cursor of the oldest entry that is left.' }),
      message: Type.String(),
    }),
  ],
  { title: 'JobEvent' },
);
export type JobEvent = Static<typeof JobEvent>;
export type JobEventOf<T extends JobEvent['type']> = Extract<JobEvent, { type: T }>;
