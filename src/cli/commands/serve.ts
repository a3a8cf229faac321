import type { Command } from 'commander';
import type { Logger } from 'pino';
import { useAdditions } from '../additions.js';
import { exitCodes } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { say } from '../output.js';
import {
  type ApiFlags,
  createLogger,
  type ServiceFlags,
  servingAt,
  withApiFlags,
  withConcurrency,
  withServiceFlags,
} from '../service-options.js';

/** Maximum milliseconds from the signal to the end: supervisors kill after ten seconds. */
const stopPatience = 9_500;

interface ServeOptions extends ServiceFlags, ApiFlags {
  concurrency: number;
}

export function defineServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('run the whole service in one process')
    .description(
      'Runs the API, a worker and, unless --redis or REDIS_URL names one, a private Redis in the data folder. ' +
        'Ctrl-C, SIGTERM and SIGHUP stop it: running jobs go back to the queue with a checkpoint.',
    );
  withConcurrency(withApiFlags(withServiceFlags(command))).action(serve);
}

async function serve({ host, port, allowHost, concurrency, redis, ...flags }: ServeOptions): Promise<void> {
  await serveUntilInterrupted(flags, { redisUrl: redis, api: { host, port, allowHost }, worker: { concurrency } });
}

/** Starts the parts asked for, and stops them at Ctrl-C or SIGTERM. */
export async function serveUntilInterrupted(
  flags: ServiceFlags,
  parts: Pick<import('../../service/service.js').ServiceOptions, 'redisUrl' | 'api' | 'worker'>,
): Promise<void> {
  const additions = { plugins: flags.plugin ?? [], datasets: await useAdditions(flags) };
  const { startService } = await import('../../service/service.js');
  const interruption = new Interruption(() => say('Stopping; interrupt again to end at once.'));
  const logger = createLogger(flags);
  interruption.happened.then(() => setTimeout(giveUp, stopPatience, logger).unref());
  try {
    const service = await startService({ data: flags.data, additions, logger, ...parts });
    say(service.url ? servingAt(service.url) : 'The worker is running.');
    logger.info({ url: service.url, data: flags.data }, 'started');
    await interruption.happened;
    await service.close();
    logger.info('stopped');
  } finally {
    interruption.dispose();
  }
  // Calls that still wait for a lost Redis must not keep the process alive.
  process.exit();
}

function giveUp(logger: Logger): void {
  logger.error('the service did not stop in time: running jobs will resume from their latest checkpoints');
  process.exit(exitCodes.failure);
}
