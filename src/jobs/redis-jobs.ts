import type { Attempts } from './attempts.js';
import type { Jobs, OpenJobsOptions } from './jobs.js';
import { type OpenAttemptsOptions, RedisAttempts } from './redis/redis-attempts.js';
import { RedisJobs } from './redis/redis-jobs.js';

/** The jobs that a Redis holds. @throws ApiError `unavailable` where it does not answer. */
export async function openJobs(options: OpenJobsOptions): Promise<Jobs> {
  return new RedisJobs(options).open();
}

/** The same jobs, as a worker has to do with them. It waits until Redis answers. */
export async function openAttempts(options: OpenAttemptsOptions): Promise<Attempts> {
  return new RedisAttempts(options).open();
}
