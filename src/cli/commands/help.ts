import type { Command } from 'commander';
import { UserError } from '../../contract/user-error.js';

export function defineHelp(program: Command): void {
  program
    .command('help')
    .summary('show this, or what a command does')
    .description('Shows all commands, or what one of them does and takes.')
    .argument('[COMMAND]', 'name of a command')
    .action((name?: string) => {
      if (name === undefined) return program.outputHelp();
      const command = program.commands.find((one) => one.name() === name);
      if (command) return command.outputHelp();
      throw new UserError(`There is no command '${name}': "metadescent help" lists those that there are.`, 'usage');
    });
}
