import { addDatasets, type NamedDataset } from '../data/named-datasets.js';
import { loadPlugins } from '../plugins/load.js';

/** What jobs may name besides the built-in problems and data sets. */
export interface Additions {
  /** Plugin files. */
  readonly plugins: readonly string[];
  readonly datasets: readonly NamedDataset[];
}

/**
 * Adds them to this process.
 * @throws PluginError or DatasetError for what cannot be used
 */
export async function useAdditions({ plugins, datasets }: Additions): Promise<void> {
  await loadPlugins(plugins);
  addDatasets(datasets);
}
