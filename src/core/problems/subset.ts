import { DatasetError, type Examples } from '../../contract/datasets.js';

/** The examples of some classes. */
export interface Subset {
  /** The same inputs; the classes are 0, 1, … in the given order. Excluded examples have the label 255. */
  readonly examples: Examples;
  /** The included examples. */
  readonly rows: Int32Array;
}

/** A cache: functions are drawn many times from the same examples. */
const known = new WeakMap<Examples, Map<string, Subset>>();

/**
 * @param classes the labels of the included classes
 * @throws DatasetError if there is no such example
 */
export function subsetOf(examples: Examples, classes: readonly number[]): Subset {
  const of = known.get(examples) ?? new Map<string, Subset>();
  known.set(examples, of);
  const key = classes.join();
  const subset = of.get(key) ?? select(examples, classes);
  of.set(key, subset);
  return subset;
}

function select({ inputs, width, labels }: Examples, classes: readonly number[]): Subset {
  const renamed = new Uint8Array(256).fill(255);
  for (const [i, label] of classes.entries()) renamed[label] = i;
  const names = labels.map((label) => renamed[label]!);
  const rows = Int32Array.from(names.keys()).filter((row) => names[row] !== 255);
  if (rows.length === 0) throw new DatasetError(`The data set has no examples of the classes ${classes.join(', ')}.`);
  return { examples: { inputs, width, labels: names }, rows };
}
