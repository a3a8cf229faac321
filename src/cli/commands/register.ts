import type { Command } from 'commander';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';

interface RegisterOptions extends JsonOption, ServerOption {
  name: string;
  idempotencyKey?: string;
}

export function defineRegister(program: Command): void {
  const command = program
    .command('register')
    .summary('register the weights of a job under a name')
    .description(
      'Registers the weights of a job as the next version of a name, and prints NAME@VERSION. They outlive the job.',
    )
    .argument('<JOB>', 'id of a job that has weights');
  withJson(withServer(withName(command)), 'print the record as JSON').action(
    async (job: string, { name, ...options }: RegisterOptions) => {
      const record = await clientOf(options).register({ name, job }, options);
      if (options.json) printJson(record);
      else print(`${record.name}@${record.version}`);
    },
  );
}

export function withName(command: Command): Command {
  return command
    .requiredOption('--name <NAME>', 'name to register it under')
    .option('--idempotency-key <KEY>', 'the same key with the same request returns the existing version');
}
