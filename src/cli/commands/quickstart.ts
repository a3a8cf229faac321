import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { pino } from 'pino';
import { Client } from '../../client/client.js';
import { UserError } from '../../contract/user-error.js';
import { renderSvg } from '../../figures/picture.js';
import { makeNamedFolder } from '../../files/make-folder.js';
import type { Service } from '../../service/service.js';
import { Interruption } from '../interruption.js';
import { print, say } from '../output.js';
import { defaultPort } from '../remote.js';
import { pageOf, parsePort, servingAt } from '../service-options.js';
import { readSpecFile, specOf } from '../spec-file.js';
import { followJob } from './watch.js';

interface QuickstartOptions {
  exit?: boolean;
  paper?: boolean;
  data: string;
  port?: number;
}

export function defineQuickstart(program: Command): void {
  program
    .command('quickstart')
    .summary('start a service, and train the first example on it')
    .description(
      'Starts the service, submits examples/specs/seed.yaml, shows its progress and results, and keeps serving until ' +
        'Ctrl-C.',
    )
    .option('--exit', 'stop after the comparison')
    .option('--paper', 'train as published: 4,000 meta-iterations at rate 1e-4 (examples/specs/seed-paper.yaml)')
    .option(
      '--port <PORT>',
      `port of the service (default: ${defaultPort}, or any free one if that is taken)`,
      parsePort,
    )
    .addOption(new Option('--data <FOLDER>', 'data folder').env('METADESCENT_DATA').default('data'))
    .action(quickstart);
}

async function quickstart(options: QuickstartOptions): Promise<void> {
  const name = options.paper ? 'seed-paper.yaml' : 'seed.yaml';
  const path = fileURLToPath(new URL(`../../../../examples/specs/${name}`, import.meta.url));
  const spec = specOf(await readSpecFile(path));
  const interruption = new Interruption(() => say('\nStopping; interrupt again to end at once.'));
  const service = await openService(options);
  try {
    const client = new Client(service.url);
    const { id } = await client.create(spec);
    say(`Job ${id} at ${service.url}: examples/specs/${name}`);
    say(`Its page: ${pageOf(service.url, id)}`);
    const results = await followJob(client, id, {}, interruption.signal);
    if (interruption.signal.aborted && !results) await client.cancel(id);
    if (!results) return;
    const picture = join(options.data, `${id}.svg`);
    await writeFile(picture, renderSvg(results));
    print(`Picture: ${picture}`);
    print(`Results: ${service.url}/jobs/${id}/results`);
    print(`Weights: ${service.url}/jobs/${id}/weights`);
    if (options.exit) return;
    say(`${servingAt(service.url)} until Ctrl-C.`);
    await interruption.happened;
  } finally {
    await service.close();
    interruption.dispose();
  }
}

/** Starts the service, with its log in the data folder. */
async function openService({ data, port }: QuickstartOptions): Promise<Service> {
  const { startService } = await import('../../service/service.js');
  await makeNamedFolder(data);
  const logger = pino({ name: 'metadescent' }, { write: (line) => logLine(join(data, 'quickstart.log'), line) });
  const start = (chosen: number) =>
    startService({
      data,
      redisUrl: process.env.REDIS_URL,
      api: { host: '127.0.0.1', port: chosen },
      worker: { concurrency: 1 },
      logger,
    });
  if (port !== undefined) return start(port);
  try {
    return await start(defaultPort);
  } catch (error) {
    if (!(error instanceof UserError) || !error.message.includes(`:${defaultPort}:`)) throw error;
    return start(0);
  }
}

/** A log that cannot be written, on a full disk for example, must not stop the service. */
function logLine(path: string, line: string): void {
  try {
    appendFileSync(path, line);
  } catch {}
}
