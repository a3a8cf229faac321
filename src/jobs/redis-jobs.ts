import type { Attempts } from './attempts.js';
import type { Jobs, OpenJobsOptions } from './jobs.js';
import { answer } from './redis/answer.js';
import { checkServer } from './redis/check-server.js';
import { connectRedis, impatient } from './redis/connection.js';
import { type OpenAttemptsOptions, RedisAttempts } from './redis/redis-attempts.js';
import { RedisJobs } from './redis/redis-jobs.js';

/**
 * The jobs that a Redis holds.
 * @throws ApiError `unavailable` where it does not answer, is too old, or may delete what it is given.
 */
export async function openJobs(options: OpenJobsOptions): Promise<Jobs> {
  const redis = connectRedis(options.redisUrl, impatient, options.logger);
  try {
    await answer(() => checkServer(redis));
  } finally {
    redis.disconnect();
  }
  return new RedisJobs(options).open();
}

/** The same jobs, as a worker has to do with them. It waits until Redis answers. */
export async function openAttempts(options: OpenAttemptsOptions): Promise<Attempts> {
  return new RedisAttempts(options).open();
}
