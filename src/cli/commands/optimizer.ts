import type { Command } from 'commander';
import { stringify } from 'yaml';
import { type JsonOption, print, printJson, withJson } from '../output.js';
import { clientOf, type ServerOption, withServer } from '../remote.js';
import { registeredOf } from '../trained.js';

export function defineOptimizer(program: Command): void {
  const command = program
    .command('optimizer')
    .summary('show a registered optimizer')
    .description('Shows the record of a registered optimizer: its network, and how it was trained.')
    .argument('<OPTIMIZER>', 'NAME[@VERSION], by default the newest version');
  withJson(withServer(command), 'print the record as JSON').action(
    async (text: string, options: JsonOption & ServerOption) => {
      const record = await clientOf(options).optimizer(registeredOf(text));
      if (options.json) printJson(record);
      else print(stringify(record).trimEnd());
    },
  );
}
