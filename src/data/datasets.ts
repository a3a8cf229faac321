import type { Dataset, Datasets } from '../contract/datasets.js';
import { datasetsOf } from '../contract/datasets.js';
import type { DatasetName } from '../contract/problems/family.js';
import type { ProblemSpec } from '../contract/problems.js';
import { loadCifar } from './cifar.js';
import { loadDigits } from './digits.js';
import { makeShapes } from './shapes.js';

const loaders: { readonly [N in DatasetName]: () => Promise<Dataset> } = {
  digits: () => loadDigits(),
  cifar: () => loadCifar(),
  'shapes-8': () => makeShapes(8),
  'shapes-16': () => makeShapes(16),
  'shapes-32': () => makeShapes(32),
};

/**
 * Reads or generates the data sets that a problem needs.
 * @throws DatasetError if one is missing or damaged
 */
export async function loadDatasets(problem: ProblemSpec): Promise<Datasets> {
  const entries = datasetsOf(problem).map(async (name) => [name, await loaders[name]()] as const);
  return Object.fromEntries(await Promise.all(entries));
}
