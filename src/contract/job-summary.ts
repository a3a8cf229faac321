import type { Static } from 'typebox';
import { JobFailure, JobState } from './events.js';
import { Job } from './job.js';
import { Progress } from './progress.js';
import { Choice, Nullable, Strict, WireNumber } from './schema.js';
import { Type } from './type.js';

/** The losses of a whole job as a small curve. */
export const Sparkline = Strict(
  {
    iterationsPerBucket: Type.Integer({ minimum: 1, description: 'Meta-iterations per bucket, a power of 4.' }),
    mean: Type.Array(Nullable(WireNumber), {
      description:
        'At most 32 buckets, the first of them at meta-iteration 0: the mean of their finite points to five digits; "NaN" if there are none, null without any point.',
    }),
  },
  { title: 'Sparkline' },
);
export type Sparkline = Static<typeof Sparkline>;

const { properties } = Job;

/** A job in a list: its record without the document, and the curve of its losses. */
export const JobSummary = Strict(
  {
    id: Type.String(),
    kind: Choice(['metatrain', 'compare']),
    title: Nullable(Type.String()),
    labels: Type.Array(Type.String()),
    problem: Type.String({ description: 'Name of the problem.' }),
    optimizer: Type.String({
      description: 'Name of the learned optimizer, such as "lstm"; of a comparison, `NAME@VERSION` or a job’s id.',
    }),
    seed: Type.Integer(),
    state: JobState,
    attempt: properties.attempt,
    createdAt: properties.createdAt,
    startedAt: properties.startedAt,
    finishedAt: properties.finishedAt,
    failure: Nullable(JobFailure),
    progress: Nullable(Progress),
    sparkline: Nullable(Sparkline, { description: 'null without losses.' }),
  },
  { title: 'JobSummary' },
);
export type JobSummary = Static<typeof JobSummary>;
