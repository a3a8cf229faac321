import type { Command } from 'commander';
import { type ApiFlags, type ServiceFlags, withApiFlags, withServiceFlags } from '../service-options.js';
import { serveUntilInterrupted } from './serve.js';
import { requireRedis } from './worker.js';

export function defineApi(program: Command): void {
  const command = program
    .command('api')
    .summary('run only the API')
    .description('Runs the API without a worker. API and workers share a Redis and a data folder.');
  withApiFlags(withServiceFlags(command)).action(
    async ({ host, port, allowHost, redis, ...flags }: ServiceFlags & ApiFlags) =>
      serveUntilInterrupted(flags, { redisUrl: requireRedis(redis), api: { host, port, allowHost }, worker: null }),
  );
}
