import type { Static } from 'typebox';
import { Job } from './job.js';
import { JobSummary } from './job-summary.js';
import { RegisteredOptimizer } from './registry.js';
import { Nullable, Strict } from './schema.js';
import { Type } from './type.js';

/** The documents of lists. */

const next = Nullable(Type.String(), { description: 'Cursor of the next page; null on the last one.' });

export const JobList = Strict({ jobs: Type.Array(Job, { description: 'Newest first.' }), next }, { title: 'JobList' });
export type JobList = Static<typeof JobList>;

export const JobSummaryList = Strict(
  { jobs: Type.Array(JobSummary, { description: 'Newest first.' }), next },
  { title: 'JobSummaryList' },
);
export type JobSummaryList = Static<typeof JobSummaryList>;

/** A message of GET /events: what has changed since the one before. */
export const JobChanges = Strict(
  {
    cursor: Type.String({ description: 'Resumes after this message.' }),
    jobs: Type.Array(JobSummary, { description: 'Jobs that are new or have changed, as they are now.' }),
    deleted: Type.Array(Type.String(), { description: 'Ids of jobs that were deleted.' }),
    reset: Type.Boolean({
      description: 'Whether changes before this message are unknown, so that lists have to be fetched again.',
    }),
  },
  { title: 'JobChanges' },
);
export type JobChanges = Static<typeof JobChanges>;

export const OptimizerList = Strict(
  { optimizers: Type.Array(RegisteredOptimizer, { description: 'Latest first.' }), next },
  { title: 'OptimizerList' },
);
export type OptimizerList = Static<typeof OptimizerList>;

export const Artifact = Strict({
  name: Type.String(),
  size: Type.Integer({ minimum: 0, description: 'Bytes.' }),
  etag: Type.String({ description: 'SHA-256 of the bytes, in hexadecimal.' }),
});
export type Artifact = Static<typeof Artifact>;

export const ArtifactList = Strict({ artifacts: Type.Array(Artifact) }, { title: 'ArtifactList' });
export type ArtifactList = Static<typeof ArtifactList>;
