import type { Static } from 'typebox';
import { EngineInfo, JobFailure, JobState } from './events.js';
import { Progress } from './progress.js';
import { Complete, Nullable, Strict } from './schema.js';
import { JobSpec } from './spec.js';
import { Type } from './type.js';

const Time = (description: string) => Nullable(Type.String({ format: 'date-time' }), { description });

/** A job as the API shows it. */
export const Job = Strict(
  {
    id: Type.String(),
    state: JobState,
    attempt: Type.Integer({ description: 'Attempts begun so far.' }),
    spec: Complete(JobSpec),
    createdAt: Type.String({ format: 'date-time' }),
    startedAt: Time('Of the latest attempt.'),
    finishedAt: Time('When it succeeded, failed or was cancelled.'),
    failure: Nullable(JobFailure),
    engine: Nullable(EngineInfo),
    progress: Nullable(Progress, {
      description: 'Where it stands; loss is the mean of the latest meta-iteration’s points.',
    }),
    weightsSha256: Type.Optional(
      Type.String({
        description:
          'SHA-256 of the file of weights that a job of kind "compare" compares, in hexadecimal. It is known from the submission on, or from the first attempt on where the job that it names still trains then. Other weights fail a later attempt as `weights-changed`.',
      }),
    ),
    artifacts: Type.Array(Type.String(), { description: 'Names under /jobs/{id}/artifacts.' }),
  },
  { title: 'Job' },
);
export type Job = Static<typeof Job>;

/** States that a job does not leave by itself. */
export function isFinal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Artifacts of a job by the name they are stored under. */
export const artifactNames = {
  weights: 'weights.safetensors',
  results: 'results.json',
  checkpoint: 'checkpoint.safetensors',
} as const;
