import { type Command, InvalidArgumentError } from 'commander';
import { Client } from '../client/client.js';
import { UserError } from '../contract/user-error.js';

export const defaultPort = 7878;

export interface ServerOption {
  server?: string;
}

export function withServer(command: Command): Command {
  return command.option(
    '--server <URL>',
    `address of the service (default: METADESCENT_URL, or http://127.0.0.1:${defaultPort})`,
  );
}

/** @throws UserError for an invalid address. */
export function clientOf({ server }: ServerOption): Client {
  const address = server ?? process.env.METADESCENT_URL ?? `http://127.0.0.1:${defaultPort}`;
  if (!/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : ''))
    throw new UserError(`--server ${address}: expected an address such as http://127.0.0.1:${defaultPort}`, 'usage');
  return new Client(address);
}

export interface PageOptions {
  cursor?: string;
  limit: number;
}

/** @param what is listed */
export function withPage(command: Command, what: string): Command {
  return command
    .option('--cursor <CURSOR>', 'the page after this cursor')
    .option('--limit <N>', `maximum number of ${what}, 1 to 100`, parseLimit, 20);
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new InvalidArgumentError('expected 1 to 100');
  return limit;
}
