import type { DatasetName } from './problems/family.js';
import { familyOf, type ProblemSpec, problemsIn } from './problems.js';

/** Data sets: whoever drives a run reads them and passes them to the core in memory. */

/** Examples to learn from, each a row of bytes and its class. */
export interface Examples {
  /** [n, width], 0 … 255 */
  readonly inputs: Uint8Array;
  readonly width: number;
  /** [n], from 0 to one less than the number of classes */
  readonly labels: Uint8Array;
}

/** Comparisons use the held-out examples; training, validation and tuning the others. */
export interface Dataset {
  /** Changes with any of its bytes, since results depend on them. */
  readonly fingerprint: string;
  readonly training: Examples;
  readonly heldOut: Examples;
}

export type Datasets = { readonly [name: DatasetName]: Dataset | undefined };

/** The data sets that problems need. */
export function datasetsOf(...problems: readonly ProblemSpec[]): DatasetName[] {
  const names = problems.flatMap(problemsIn).flatMap((part) => familyOf(part).miniBatch?.(part).dataset ?? []);
  return [...new Set(names)];
}

/**
 * Fingerprints, by name, of the data sets and plugin files that problems need.
 * @throws DatasetError where a data set is missing
 */
export function fingerprintsOf(problems: readonly ProblemSpec[], datasets: Datasets): Record<string, string> {
  const data = datasetsOf(...problems).map((name) => [name, datasetFrom(datasets, name).fingerprint]);
  const files = problems.flatMap(problemsIn).flatMap((part) => {
    const { fingerprint } = familyOf(part);
    return fingerprint === undefined ? [] : [[`plugin ${part.name}`, fingerprint]];
  });
  return Object.fromEntries([...data, ...files]);
}

/** @throws DatasetError where it is missing */
export function datasetFrom(datasets: Datasets, name: DatasetName): Dataset {
  const dataset = datasets[name];
  if (!dataset) throw new DatasetError(`The data set "${name}", which this problem needs, was not passed to the run.`);
  return dataset;
}

/** A data set is missing or has the wrong contents. The message says what to do. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code = 'unsupported';
}
