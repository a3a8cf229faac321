import { ApiError } from '../contract/errors.js';
import { isFinal, type Job } from '../contract/job.js';

/**
 * Why a job lacks a file: not yet, or never.
 * @param what the file, such as "weights"
 * @param planned whether a job with this spec makes it at all
 */
export function notMade(job: Job, what: string, planned: boolean): ApiError {
  if (!planned) return new ApiError('not-found', `A job with this spec makes no ${what}.`);
  if (isFinal(job.state)) return new ApiError('not-found', `The job is ${job.state} and has no ${what}.`);
  return new ApiError('not-ready', `The job is ${job.state} and has no ${what} yet: try again later.`);
}
