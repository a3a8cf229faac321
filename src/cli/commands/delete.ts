import type { Command } from 'commander';
import { UserError } from '../../contract/user-error.js';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { trainedOf } from '../trained.js';

export function defineDelete(program: Command): void {
  const command = program
    .command('delete')
    .summary('delete a job that has ended, or a registered optimizer')
    .description(
      'Deletes a job that has ended, with its record, events and files; or a version of a registered optimizer. Version ' +
        'numbers are never reused; a queued comparison that names a deleted version will fail.',
    )
    .argument('<WHAT>', 'id of the job, or NAME@VERSION of the optimizer');
  withJson(withServer(command), 'print {deleted} as JSON').action(
    async (what: string, options: JsonOption & ServerOption) => {
      await deleteIt(what, options);
      if (options.json) printJson({ deleted: what });
      else print(`${what}: deleted`);
    },
  );
}

async function deleteIt(what: string, options: ServerOption): Promise<void> {
  const client = clientOf(options);
  const trained = trainedOf(what);
  if ('job' in trained) return client.delete(trained.job);
  const { name, version } = trained;
  if (version !== undefined) return client.deleteOptimizer({ name, version });
  throw new UserError(`${what}: name the version to delete, such as ${name}@1.`, 'usage');
}
