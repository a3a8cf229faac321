import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Logger, pino } from 'pino';
import { parseHostName } from '../contract/host-name.js';
import { type AdditionFlags, withAdditions } from './additions.js';
import { say } from './output.js';
import { defaultPort } from './remote.js';

/** Options shared by the commands that run the service. */

export interface ServiceFlags extends AdditionFlags {
  data: string;
  redis?: string;
  logLevel?: string;
}

export interface ApiFlags {
  host: string;
  port: number;
  allowHost?: string[];
}

export function withServiceFlags(command: Command): Command {
  return withAdditions(command)
    .addOption(new Option('--data <FOLDER>', 'data folder').env('METADESCENT_DATA').default('data'))
    .addOption(new Option('--redis <URL>', 'Redis to use: redis://… or the path of a unix socket').env('REDIS_URL'))
    .addOption(
      new Option(
        '--log-level <LEVEL>',
        'level of the log, JSON lines on standard error (default: info; warn on a terminal)',
      )
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .env('LOG_LEVEL'),
    );
}

export function withApiFlags(command: Command): Command {
  return command
    .option('--host <HOST>', 'address to listen on', '127.0.0.1')
    .addOption(
      new Option('--port <PORT>', 'port to listen on; 0 for any free one')
        .env('PORT')
        .default(defaultPort)
        .argParser(parsePort),
    )
    .option(
      '--allow-host <NAME...>',
      'host names to answer to besides those of the loopback interface, without a port, such as that of a proxy (default: none on loopback, otherwise any)',
      (text: string, before: string[] = []) => [...before, parseHost(text)],
    );
}

function parseHost(text: string): string {
  const name = parseHostName(text);
  if (name !== null) return name;
  throw new InvalidArgumentError(
    'expected the name of a host, without a scheme, a port or a wildcard, such as train.example.org',
  );
}

export function withConcurrency(command: Command): Command {
  return command.option('--concurrency <N>', 'jobs at a time, each in a process of its own', parseConcurrency, 1);
}

/** What a running service is, and where. */
export function servingAt(url: string): string {
  return `Serving at ${url} (dashboard: ${url}/ui/, documentation: ${url}/docs)`;
}

/** Address of a job's page on a service's dashboard. */
export function pageOf(url: string, job: string): string {
  return `${url}/ui/jobs/${job}`;
}

export function createLogger({ logLevel }: ServiceFlags): Logger {
  const level = logLevel ?? (process.stderr.isTTY ? 'warn' : 'info');
  // pino's own destination throws when the disk is full, and stays silent for good once a pipe's reader has left.
  return pino({ name: 'metadescent', level }, { write: (line) => say(line.trimEnd()) });
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected 0 to 65535');
  return port;
}

function parseConcurrency(text: string): number {
  const jobs = Number(text);
  if (!/^\d+$/.test(text) || jobs < 1 || jobs > 256) throw new InvalidArgumentError('expected 1 to 256');
  return jobs;
}
