import type { Command } from 'commander';
import { Client } from '../client/client.js';
import { CliError, exitCodes } from './exit-codes.js';

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

/** @throws CliError where the address is none. */
export function clientOf({ server }: ServerOption): Client {
  const address = server ?? process.env.METADESCENT_URL ?? `http://127.0.0.1:${defaultPort}`;
  if (!/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : ''))
    throw new CliError(
      `--server ${address}: expected an address such as http://127.0.0.1:${defaultPort}`,
      exitCodes.usage,
    );
  return new Client(address);
}
