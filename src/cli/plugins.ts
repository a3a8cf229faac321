import type { Command } from 'commander';
import { UserError } from '../contract/user-error.js';

export interface PluginFlags {
  plugin?: string[];
}

export function withPlugins(command: Command): Command {
  return command.option(
    '--plugin <FILE>',
    'adds the problem of an ES module, whose code runs here with all rights (docs/plugins.md); may be repeated',
    (file: string, before: string[] = []) => [...before, file],
  );
}

/**
 * Loads the plugins that the command line names; it has to come before any document is looked at.
 * @throws UserError for one that does not serve
 */
export async function usePlugins({ plugin = [] }: PluginFlags): Promise<void> {
  if (plugin.length === 0) return;
  const { loadPlugins, PluginError } = await import('../plugins/load.js');
  await loadPlugins(plugin).catch((error: unknown) => {
    throw error instanceof PluginError ? new UserError(error.message, 'usage') : error;
  });
}
