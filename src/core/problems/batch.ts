import { type Dataset, type Datasets, datasetFrom, type Examples } from '../../contract/datasets.js';
import { coordinates, familyOf, type ProblemSpec } from '../../contract/problems.js';
import { Purpose, RandomStream } from '../random/random.js';
import { MiniBatches } from './mini-batches.js';
import { problemOf } from './registry.js';

/** Functions of one family side by side, and where each starts. */
export interface FunctionBatch {
  readonly problem: ProblemSpec;
  /** B */
  readonly count: number;
  /** d: coordinates of one function. */
  readonly dimension: number;
  /** Each [B, …shape]. */
  readonly data: Readonly<Record<string, Float32Array>>;
  /** Of a family that learns from examples. */
  readonly miniBatches: MiniBatches | null;
  /** θ_0 [B, d] */
  readonly start: Float32Array;
}

/**
 * Draws functions `first` … `first + count - 1` of a purpose. Function i is the same whichever batch it is drawn in,
 * and no function of one purpose is ever met under another.
 * @throws DatasetError where the problem needs a data set that is not among those given
 */
export function sampleFunctions(
  problem: ProblemSpec,
  seed: number,
  purpose: Purpose,
  first: number,
  count: number,
  datasets: Datasets = {},
): FunctionBatch {
  const family = problemOf(problem);
  const dimension = coordinates(problem);
  const sizes = Object.entries(family.shapes(problem)).map(
    ([name, shape]) => [name, shape.reduce((a, b) => a * b, 1)] as const,
  );
  const data = Object.fromEntries(sizes.map(([name, size]) => [name, new Float32Array(count * size)]));
  const start = new Float32Array(count * dimension);
  for (let b = 0; b < count; b++) {
    const views = sizes.map(([name, size]) => [name, data[name]!.subarray(b * size, (b + 1) * size)]);
    const random = new RandomStream(seed, purpose, first + b);
    family.sample(problem, random, Object.fromEntries(views), start.subarray(b * dimension, (b + 1) * dimension));
  }
  const drawn = familyOf(problem).miniBatch?.(problem);
  const miniBatches = drawn
    ? new MiniBatches(
        { ...drawn, examples: examplesFor(purpose, datasetFrom(datasets, drawn.dataset)) },
        seed,
        purpose,
        first,
        count,
      )
    : null;
  return { problem, count, dimension, data, miniBatches, start };
}

function examplesFor(purpose: Purpose, { training, heldOut }: Dataset): Examples {
  return purpose === Purpose.comparison ? heldOut : training;
}
