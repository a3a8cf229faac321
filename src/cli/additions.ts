import { type Command, Option } from 'commander';
import { UserError } from '../contract/user-error.js';
import type { NamedDataset } from '../data/named-datasets.js';

/** What the command line adds to the problems and data sets that documents may name. */
export interface AdditionFlags {
  plugin?: string[];
  dataset?: string[];
}

export function withAdditions(command: Command): Command {
  return command
    .option(
      '--plugin <FILE>',
      'load a problem from an ES module, whose code runs with all your rights (docs/plugins.md); may be repeated',
      (file: string, before: string[] = []) => [...before, file],
    )
    .addOption(
      new Option(
        '--dataset <NAME=PATH>',
        'data set of images for problems to name: a folder with IDX or CIFAR files, or an .npz file (docs/datasets.md); may be repeated',
      )
        .env('METADESCENT_DATASETS')
        .argParser((text: string, before: string[] = []) => [...before, ...datasetsIn(text)]),
    );
}

/** The variable has all of them: NAME=PATH,NAME=PATH. */
function datasetsIn(text: string): string[] {
  return text === '' ? [] : text.split(/,(?=[a-z0-9-]+=)/);
}

/**
 * Loads the plugins and finds the data sets named on the command line; has to come before any document is read.
 * @returns the data sets
 * @throws UserError for what cannot be used
 */
export async function useAdditions({ plugin = [], dataset = [] }: AdditionFlags): Promise<NamedDataset[]> {
  if (plugin.length > 0) {
    const { loadPlugins, PluginError } = await import('../plugins/load.js');
    await loadPlugins(plugin).catch((error: unknown) => {
      throw error instanceof PluginError ? new UserError(error.message, 'usage') : error;
    });
  }
  if (dataset.length === 0) return [];
  const [{ findDataset, addDatasets }, { DatasetError }] = await Promise.all([
    import('../data/named-datasets.js'),
    import('../contract/datasets.js'),
  ]);
  try {
    const found: NamedDataset[] = [];
    for (const text of dataset) found.push(await findDataset(text));
    addDatasets(found);
    return found;
  } catch (error) {
    throw error instanceof DatasetError ? new UserError(`--dataset: ${error.message}`, 'usage') : error;
  }
}
