import type { Command } from 'commander';
import { UserError } from '../contract/user-error.js';

export interface PluginFlags {
  plugin?: string[];
}

export function withPlugins(command: Command): Command {
  return command.option(
    '--plugin <FILE>',
    'load a problem from an ES module, whose code runs with all your rights (docs/plugins.md); may be repeated',
    (file: string, before: string[] = []) => [...before, file],
  );
}

/**
 * Loads the plugins named on the command line; has to come before any document is read.
 * @throws UserError for a plugin that cannot be used.
 */
export async function usePlugins({ plugin = [] }: PluginFlags): Promise<void> {
  if (plugin.length === 0) return;
  const { loadPlugins, PluginError } = await import('../plugins/load.js');
  await loadPlugins(plugin).catch((error: unknown) => {
    throw error instanceof PluginError ? new UserError(error.message, 'usage') : error;
  });
}
