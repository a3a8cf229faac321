import { ProblemError } from '../contract/errors.js';
import { isFinal, type Job } from '../contract/job.js';

/**
 * Why a job has no such thing to fetch: not yet, or never.
 * @param what such as "weights"
 * @param planned whether a job of this spec makes it at all
 */
export function notMade(job: Job, what: string, planned: boolean): ProblemError {
  if (!planned) return new ProblemError('not-found', `A job with this spec makes no ${what}.`);
  if (isFinal(job.state)) return new ProblemError('not-found', `The job is ${job.state} and has left no ${what}.`);
  return new ProblemError('not-ready', `The job is ${job.state} and has no ${what} yet: ask again later.`);
}
