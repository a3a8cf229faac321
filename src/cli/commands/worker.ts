import type { Command } from 'commander';
import { UserError } from '../../contract/user-error.js';
import { type ServiceFlags, withConcurrency, withServiceFlags } from '../service-options.js';
import { serveUntilInterrupted } from './serve.js';

export function defineWorker(program: Command): void {
  const command = program
    .command('worker')
    .summary('run a worker alone')
    .description('Runs a worker without an API. It shares its Redis, and the data folder, with the API.');
  withConcurrency(withServiceFlags(command)).action(
    async ({ redis, concurrency, ...flags }: ServiceFlags & { concurrency: number }) =>
      serveUntilInterrupted(flags, { redisUrl: requireRedis(redis), api: null, worker: { concurrency } }),
  );
}

/** A private Redis would be of no use to a part that runs alone. */
export function requireRedis(redis: string | undefined): string {
  if (redis) return redis;
  throw new UserError(
    'Name the Redis that the API and the workers share: --redis redis://HOST:6379, or REDIS_URL.',
    'usage',
  );
}
