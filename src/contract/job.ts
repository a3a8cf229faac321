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
    startedAt: Time('When the latest attempt began.'),
    finishedAt: Time('When it succeeded, failed or was cancelled.'),
    failure: Nullable(JobFailure),
    engine: Nullable(EngineInfo),
    progress: Nullable(Progress, {
      description: 'Current progress; `loss` is the mean of the latest meta-iteration’s points.',
    }),
    weightsSha256: Type.Optional(
      Type.String({
        description:
          'SHA-256, in hexadecimal, of the weights file that a job of kind "compare" evaluates. Set at submission, or at the first attempt if the job that it names is still training then. A later attempt with other weights fails as `weights-changed`.',
      }),
    ),
    artifacts: Type.Array(Type.String(), { description: 'Artifact names under /jobs/{id}/artifacts.' }),
  },
  { title: 'Job' },
);
export type Job = Static<typeof Job>;

/** Whether a state is final: a job does not leave it by itself. */
export function isFinal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** The names under which a job's artifacts are stored. */
export const artifactNames = {
  weights: 'weights.safetensors',
  results: 'results.json',
  checkpoint: 'checkpoint.safetensors',
} as const;
