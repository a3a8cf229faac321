import type { Dataset, Datasets } from '../contract/datasets.js';
import { datasetsOf } from '../contract/datasets.js';
import { imageSet } from '../contract/image-sets.js';
import type { ProblemSpec } from '../contract/problems.js';
import { loadCifar } from './cifar.js';
import { loadDigits } from './digits.js';
import { makeShapes } from './shapes.js';
import { variantOf } from './variants.js';

/** Data sets that are no variants, by name. Those of the project itself never change: a process makes them once. */
const loaders = new Map<string, () => Promise<Dataset>>([
  ['digits', once(() => loadDigits())],
  ['cifar', () => loadCifar()],
  ['shapes-8', once(() => makeShapes(8))],
  ['shapes-16', once(() => makeShapes(16))],
  ['shapes-32', once(() => makeShapes(32))],
]);

/** The variants made of each data set that is still in use, by name. */
const variants = new WeakMap<Dataset, Map<string, Dataset>>();

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
  const loading = bases.get(base) ?? loaders.get(base)!();
  bases.set(base, loading);
  const dataset = await loading;
  if (base === name) return dataset;
  const made = variants.get(dataset) ?? new Map<string, Dataset>();
  variants.set(dataset, made);
  const variant = made.get(name) ?? variantOf(dataset, imageSet(base), shape);
  made.set(name, variant);
  return variant;
}

/** A loader that keeps what it loaded, but not an error. */
function once(load: () => Promise<Dataset>): () => Promise<Dataset> {
  let loading: Promise<Dataset> | null = null;
  return () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}
