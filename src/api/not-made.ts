import { ApiError } from '../contract/errors.js';
import { isFinal, type Job } from '../contract/job.js';

/**
 * Why a job has no such thing to fetch: not yet, or never.
 * @param what such as "weights"
 * @param planned whether a job of this spec makes it at all
 */
export function notMade(job: Job, what: string, planned: boolean): ApiError {
  if (!planned) return new ApiError('not-found', `A job with this spec makes no ${what}.`);
  if (isFinal(job.state)) return new ApiError('not-found', `The job is ${job.state} and has left no ${what}.`);
  return new ApiError('not-ready', `The job is ${job.state} and has no ${what} yet: ask again later.`);
}
