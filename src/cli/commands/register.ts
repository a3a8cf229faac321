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
    .summary('keep the weights of a job under a name')
    .description(
      'Keeps the weights of a job in the registry, as the next version of a name, and prints NAME@VERSION. They outlive ' +
        'the job.',
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
    .requiredOption('--name <NAME>', 'what it is to be called')
    .option('--idempotency-key <KEY>', 'the same key with the same request gives the version that is already there');
}
