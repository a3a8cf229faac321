import type { Command } from 'commander';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';

export function defineCancel(program: Command): void {
  const command = program
    .command('cancel')
    .summary('cancel a job')
    .description('Cancels a job: at once if it is queued, within about a second if it is running.')
    .argument('<JOB>', 'id of the job');
  withJson(withServer(command), 'print the job as JSON').action(
    async (id: string, options: JsonOption & ServerOption) => {
      const job = await clientOf(options).cancel(id);
      if (options.json) printJson(job);
      else print(`${id}: ${job.state === 'cancelled' ? 'cancelled' : 'cancelling'}`);
    },
  );
}
