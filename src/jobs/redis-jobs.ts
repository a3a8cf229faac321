import type { Attempts } from './attempts.js';
import type { Jobs, OpenJobsOptions } from './jobs.js';
import { checkServer } from './redis/check-server.js';
import { connectRedis, impatient } from './redis/connection.js';
import { orUnavailable } from './redis/or-unavailable.js';
import { type OpenAttemptsOptions, RedisAttempts } from './redis/redis-attempts.js';
import { RedisJobs } from './redis/redis-jobs.js';

/**
 * The jobs in a Redis.
 * @throws ApiError `unavailable` if it does not orUnavailable, is too old, or may evict data.
 */
export async function openJobs(options: OpenJobsOptions): Promise<Jobs> {
  const redis = connectRedis(options.redisUrl, impatient, options.logger);
  try {
    await orUnavailable(() => checkServer(redis));
  } finally {
    redis.disconnect();
  }
  return new RedisJobs(options).open();
}

/** The same jobs, for a worker. Waits until Redis answers. */
export async function openAttempts(options: OpenAttemptsOptions): Promise<Attempts> {
  return new RedisAttempts(options).open();
}
