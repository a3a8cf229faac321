import type { Command } from 'commander';
import { type ApiFlags, type ServiceFlags, withApiFlags, withServiceFlags } from '../service-options.js';
import { serveUntilInterrupted } from './serve.js';
import { requireRedis } from './worker.js';

export function defineApi(program: Command): void {
  const command = program
    .command('api')
    .summary('run the API alone')
    .description('Runs the API without a worker. It shares its Redis, and the data folder, with the workers.');
  withApiFlags(withServiceFlags(command)).action(
    async ({ host, port, allowHost, redis, ...flags }: ServiceFlags & ApiFlags) =>
      serveUntilInterrupted(flags, { redisUrl: requireRedis(redis), api: { host, port, allowHost }, worker: null }),
  );
}
