import type { Command } from 'commander';
import { UserError } from '../../contract/user-error.js';

export function defineHelp(program: Command): void {
  program
    .command('help')
    .summary('show this list, or help on a command')
    .description('Lists all commands, or shows help on one of them.')
    .argument('[COMMAND]', 'name of a command')
    .action((name?: string) => {
      if (name === undefined) return program.outputHelp();
      const command = program.commands.find((one) => one.name() === name);
      if (command) return command.outputHelp();
      throw new UserError(`There is no command '${name}': "metadescent help" lists all commands.`, 'usage');
    });
}
