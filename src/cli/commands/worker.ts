import type { Command } from 'commander';
import { UserError } from '../../contract/user-error.js';
import { type ServiceFlags, withConcurrency, withServiceFlags } from '../service-options.js';
import { serveUntilInterrupted } from './serve.js';

export function defineWorker(program: Command): void {
  const command = program
    .command('worker')
    .summary('run only a worker')
    .description('Runs a worker without the API. API and workers share a Redis and a data folder.');
  withConcurrency(withServiceFlags(command)).action(
    async ({ redis, concurrency, ...flags }: ServiceFlags & { concurrency: number }) =>
      serveUntilInterrupted(flags, { redisUrl: requireRedis(redis), api: null, worker: { concurrency } }),
  );
}

/** A part of the service cannot share a private Redis with the others. */
export function requireRedis(redis: string | undefined): string {
  if (redis) return redis;
  throw new UserError(
    'Name the Redis that the API and the workers share: --redis redis://HOST:6379, or REDIS_URL.',
    'usage',
  );
}
