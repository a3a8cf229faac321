import type { Static } from 'typebox';
import { lossBuckets } from './losses.js';
import { Measure } from './measures.js';
import { ComparisonResults, weightsSha256 } from './results.js';
import { Choice, Nullable, OneOf, Strict, toWire, WireNumber } from './schema.js';
import { Type } from './type.js';

/**
 * The events of a job. `RunEvent`s come from the core and may hold typed arrays. A subscriber receives one of them, or
 * an event of the job's lifecycle, in an envelope.
 */

export const EngineInfo = Strict(
  {
    engine: Type.String({ description: 'The engine, such as "native" or "tfjs".' }),
    backend: Type.String({ description: 'The backend, such as "cpu" or "wasm".' }),
    version: Type.String(),
    instructionSet: Type.String({
      description: 'The instruction set, such as "avx2" or "wasm-simd"; "portable" for none in particular.',
    }),
    threads: Type.Integer({ minimum: 1, description: 'Threads used; results do not depend on their number.' }),
    precision: Type.Optional(Type.Literal('bf16', { description: 'Of products, where it is not fp32.' })),
    gradient: Type.Optional(
      Type.String({
        description:
          'What evaluated a problem without kernels in the engine, such as "tfjs wasm 4.22.0 wasm-simd"; absent where the engine did.',
      }),
    ),
    fallback: Type.Optional(
      Type.String({ description: 'Why "auto" did not select the native engine, where it did not.' }),
    ),
  },
  { description: 'The engine that a job ran on.' },
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
  iterations: Type.Integer({ description: 'Total meta-iterations; 0 for a comparison.' }),
  unroll: Type.Integer({ description: 'Steps of an unroll; of the longest one in a curriculum.' }),
};
const losses = {
  type: Type.Literal('losses'),
  iteration: Type.Integer({ description: 'Meta-iteration of the first point, from 0.' }),
  step: Type.Integer({ description: 'Step of the first point within its horizon, from 0.' }),
  perIteration: Type.Integer({
    description:
      'Points per meta-iteration: point p belongs to meta-iteration `iteration` + floor(p / `perIteration`).',
  }),
};
const summedLosses = {
  type: Type.Literal('loss-buckets'),
  to: Type.Integer({ description: 'One past the last meta-iteration summed up.' }),
  ...lossBuckets,
};
const validation = {
  type: Type.Literal('validation'),
  iteration: Type.Integer({ description: 'Meta-iterations done.' }),
  best: Type.Boolean({ description: 'Whether these weights are the best so far.' }),
  measure: Type.Optional(
    Type.Unsafe<Measure>({ ...Measure, description: 'The measure of the loss: `training.validation.measure`.' }),
  ),
  steps: Type.Optional(Type.Integer({ description: 'Steps for which each function was optimised.' })),
};
export const HealthVerdict = Choice(['learning', 'not yet', 'stalled', 'no longer improving', 'unstable'], {
  description:
    'Whether training is progressing, judged by the validations so far. Without recent progress, it is "no longer improving" if the optimizer is at least 10 % better than untrained, else "stalled".',
});
export type HealthVerdict = Static<typeof HealthVerdict>;
const share = { minimum: 0, maximum: 1 };
const health = {
  type: Type.Literal('health'),
  iteration: Type.Integer({ description: 'Meta-iterations done at the validation that this event accompanies.' }),
  verdict: HealthVerdict,
  message: Type.String({
    description: 'One line: whether training is progressing, and the evidence; it ends with the `causes`.',
  }),
  causes: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'What prevents learning, where known: a meta-gradient of exactly 0, losses of which evolution strategies replaced at least half, weight tensors that have never changed, states that overflowed.',
    }),
  ),
  gradientNorm: Nullable(
    Type.Number({
      description:
        'Norm of the meta-gradient before clipping: its median over the meta-iterations since the last validation, at most 1,000; null where there were none.',
    }),
  ),
  clipped: Nullable(Type.Number({ ...share, description: 'Share of those meta-iterations with a clipped gradient.' })),
  signAgreement: Nullable(
    Type.Number({
      ...share,
      description: 'Share of the optimizer’s updates with the sign of the negative gradient, on validation functions.',
    }),
  ),
  saturation: Nullable(
    Type.Number({
      ...share,
      description: 'Share of the LSTM’s outputs h with |h| > 0.9; null for a network without layers.',
    }),
  ),
  diverged: Type.Number({
    ...share,
    description: 'Share of the validation functions whose last loss is above their first, or not finite.',
  }),
  signalToNoise: Type.Optional(
    Nullable(
      Type.Number({
        description:
          'With evolution strategies, of the meta-gradient over the meta-iterations since the last validation: the estimated square of its length over the variance of its estimates. Below 1 the noise is longer than the signal; below 0 there is no telling. null where there were none, or with a single pair.',
      }),
    ),
  ),
  replaced: Type.Optional(
    Type.Integer({
      description:
        'With evolution strategies, how many training losses since the last validation were not finite, or above `maximumLoss`, and were replaced.',
    }),
  ),
};
const updateSize = 'Root mean square of the optimizer’s updates of θ.';
const progress = {
  type: Type.Literal('progress'),
  phase: Phase,
  done: Type.Integer(),
  total: Type.Integer({ description: 'May grow, since tuning grids widen.' }),
};
const diverged = {
  type: Type.Literal('diverged'),
  iteration: Type.Integer(),
  where: Choice(['loss', 'meta-gradient', 'weights', 'validation'], {
    description:
      'What was not finite. "validation": the loss of every validation. "meta-gradient" includes one whose square overflows fp32 in the meta-optimizer.',
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
        'Present where the results are too large for an event: the name of the artifact with the whole results, which GET /jobs/{id}/results returns. The curves here then have at most 1,000 points each, and the tuning grids are empty.',
    }),
  ),
};
const done = {
  type: Type.Literal('done'),
  iterations: Type.Integer({ description: 'Meta-iterations done; 0 for a comparison.' }),
  bestIteration: Nullable(Type.Integer(), {
    description: 'Meta-iterations after which the weights were the ones kept; null if there were none.',
  }),
};

/** An event of a run: numbers may be NaN, and the points of losses are a typed array. */
export type RunEvent =
  | Static<ReturnType<typeof Strict<typeof started>>>
  | (Static<ReturnType<typeof Strict<typeof losses>>> & {
      /** Mean of f(θ_t) over the functions, one point per step. */
      points: Float32Array;
    })
  | (Static<ReturnType<typeof Strict<typeof validation>>> & { loss: number })
  | (Static<ReturnType<typeof Strict<typeof health>>> & { updateSize: number })
  | Static<ReturnType<typeof Strict<typeof progress>>>
  | Static<ReturnType<typeof Strict<typeof diverged>>>
  | Static<ReturnType<typeof Strict<typeof comparison>>>
  | Static<ReturnType<typeof Strict<typeof done>>>;
export type RunEventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** The event with NaN and infinities as strings, for JSON. The caller encodes the points of losses. */
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
  job: Type.String({ description: 'Id of the job.' }),
  attempt: Type.Integer({ minimum: 0, description: '0 before the first attempt begins.' }),
  seq: Type.Integer({ minimum: 0, description: 'Number of the stream entry within the attempt.' }),
  time: Type.Integer({ description: 'Milliseconds since 1970, by the writer’s clock.' }),
  cursor: Type.Optional(
    Type.String({
      description:
        'The cursor of this event where it is not `attempt.seq`: in a stream with a `rate`, some losses before it may still be to come.',
    }),
  ),
};
const event = <T extends Parameters<typeof Strict>[0]>(description: string, fields: T) =>
  Strict({ ...envelope, ...fields }, { description });

/** What a subscriber receives: one JSON document per event. Its cursor is `cursor`, or else `attempt.seq`. */
export const JobEvent = OneOf(
  'type',
  [
    event('An attempt has begun to compute.', started),
    event(
      'Losses f(θ_t) of consecutive meta-iterations, up to thousands of points; each point is a mean over the functions of the meta-iteration.',
      { ...losses, points: Type.Array(WireNumber, { description: 'The losses, in order.' }) },
    ),
    event(
      'In a stream with a `rate`: losses of one attempt summed up, in at most 64 buckets of consecutive meta-iterations. Element i of each array is of bucket i; buckets without a point are left out. `attempt`, `seq` and `time` are those of the last `losses` event summed up.',
      summedLosses,
    ),
    event('The weights have been tried on held-out functions.', {
      ...validation,
      loss: Type.Unsafe<WireNumber>({
        ...WireNumber,
        description: 'The measure, as a mean over the functions that were optimised.',
      }),
    }),
    event('How the training is doing; follows each validation.', {
      ...health,
      updateSize: Type.Unsafe<WireNumber>({ ...WireNumber, description: updateSize }),
    }),
    event('How far a validation, a tuning or a comparison is. Of training, the losses tell.', progress),
    event('A number was not finite: the training ends, and the job fails.', diverged),
    event('The results of the comparison.', comparison),
    event('The run is complete.', done),
    event('The job is in another state. A final one (succeeded, failed, cancelled) is the last event.', {
      type: Type.Literal('state'),
      state: JobState,
      reason: Nullable(JobFailure, { description: 'Why the job failed, or why its attempt is retried.' }),
    }),
    event(
      'Events that were asked for are no longer in the stream, which keeps the newest 64 MB: it continues with the oldest that remain. GET /jobs/{id}/losses still has their losses.',
      {
        type: Type.Literal('truncated'),
        resumesAt: Type.String({ description: 'Cursor of the oldest remaining entry.' }),
        message: Type.String(),
      },
    ),
  ],
  { title: 'JobEvent' },
);
export type JobEvent = Static<typeof JobEvent>;
export type JobEventOf<T extends JobEvent['type']> = Extract<JobEvent, { type: T }>;

/** The types of a job's events. */
export const eventTypes = [
  'started',
  'losses',
  'loss-buckets',
  'validation',
  'health',
  'progress',
  'diverged',
  'comparison',
  'done',
  'state',
  'truncated',
] as const satisfies readonly JobEvent['type'][];
