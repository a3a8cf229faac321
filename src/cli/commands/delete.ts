import type { Command } from 'commander';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';

export function defineDelete(program: Command): void {
  const command = program
    .command('delete')
    .summary('delete a job that has ended')
    .description('Deletes a job that has ended: its record, its events and its files.')
    .argument('<JOB>', 'id of the job');
  withJson(withServer(command), 'print {deleted} as JSON').action(
    async (id: string, options: JsonOption & ServerOption) => {
      await clientOf(options).delete(id);
      if (options.json) printJson({ deleted: id });
      else print(`${id}: deleted`);
    },
  );
}
