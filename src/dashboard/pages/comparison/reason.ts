import type { Job } from '../../../contract/job.js';

/** Why a job has no results of a comparison, and when it will. */
export function reasonOf({ state, spec, failure }: Pick<Job, 'state' | 'spec' | 'failure'>): {
  title: string;
  text: string;
} {
  if (spec.comparison === null)
    return {
      title: 'This job compares nothing',
      text: 'Its document says “comparison: null”, so that it trains only. A job of kind “compare” evaluates its weights.',
    };
  switch (state) {
    case 'succeeded':
      return { title: 'The results are gone', text: 'The job succeeded, but its results are no longer stored.' };
    case 'failed':
      return {
        title: 'No results',
        text: `The job failed before its comparison was done. ${failure?.message ?? ''}`.trim(),
      };
    case 'cancelled':
      return { title: 'No results', text: 'The job was cancelled before its comparison was done.' };
    default:
      return {
        title: 'No results yet',
        text:
          spec.kind === 'metatrain'
            ? `The job is ${state}. The comparison comes after the training; this page shows it as soon as it is done.`
            : `The job is ${state}. This page shows the comparison as soon as it is done.`,
      };
  }
}
