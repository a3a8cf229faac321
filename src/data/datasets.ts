import type { Dataset, Datasets } from '../contract/datasets.js';
import { datasetsOf } from '../contract/datasets.js';
import { imageSet } from '../contract/image-sets.js';
import type { ProblemSpec } from '../contract/problems.js';
import { loadCifar } from './cifar.js';
import { loadDigits } from './digits.js';
import { makeShapes } from './shapes.js';
import { variantOf } from './variants.js';

/** Data sets that are no variants, by name. */
const loaders = new Map<string, () => Promise<Dataset>>([
  ['digits', () => loadDigits()],
  ['cifar', () => loadCifar()],
  ['shapes-8', () => makeShapes(8)],
  ['shapes-16', () => makeShapes(16)],
  ['shapes-32', () => makeShapes(32)],
]);

/** Adds a data set that is no variant. */
export function addLoader(name: string, load: () => Promise<Dataset>): void {
  loaders.set(name, load);
}

/**
 * Reads or generates the data sets that problems need.
 * @throws DatasetError if one is missing or damaged
 */
export async function loadDatasets(...problems: readonly ProblemSpec[]): Promise<Datasets> {
  const bases = new Map<string, Promise<Dataset>>();
  const entries = datasetsOf(...problems).map(async (name) => [name, await loadDataset(name, bases)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Reads or generates a data set, or a variant of one.
 * @param bases those that were read before, to which it is added
 * @throws DatasetError if it is missing or damaged
 */
export async function loadDataset(name: string, bases = new Map<string, Promise<Dataset>>()): Promise<Dataset> {
  const { base, ...shape } = imageSet(name);
  const loaded = bases.get(base) ?? loaders.get(base)!();
  bases.set(base, loaded);
  return base === name ? loaded : variantOf(await loaded, imageSet(base), shape);
}
