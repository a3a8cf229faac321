import type { Static } from 'typebox';
import { Complete, Nullable, Strict } from './schema.js';
import { JobSpec } from './spec.js';
import { Type } from './type.js';

/** What POST /jobs?dryRun=true answers: the job that the document describes, without creating it. */
export const DryRun = Strict(
  {
    spec: Complete(JobSpec),
    memoryBytes: Type.Integer({
      minimum: 0,
      description:
        'Estimated bytes that the job holds at once: the larger of an unroll with what its backward pass keeps and the losses of the comparison, each with its functions’ data. The job’s process itself takes about 70 MB more, and the peak may be twice as high, since memory is freed with delay.',
    }),
    seconds: Nullable(
      Strict({
        training: Nullable(Type.Number({ minimum: 0 }), { description: 'Training and its validations.' }),
        comparison: Nullable(Type.Number({ minimum: 0 }), { description: 'Tuning and comparison.' }),
      }),
      {
        description:
          'Estimated seconds, from the rates that workers have recorded for jobs of the same kind; null for a part that no job has done yet, and for one that the job does not have.',
      },
    ),
  },
  { title: 'DryRun' },
);
export type DryRun = Static<typeof DryRun>;
