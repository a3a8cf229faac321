import type { ProblemSpec } from '../../contract/problems.js';
import { type Purpose, RandomStream } from '../random/random.js';
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
  /** θ_0 [B, d] */
  readonly start: Float32Array;
}

/**
 * Draws functions `first` … `first + count - 1` of a purpose. Function i is the same whichever batch it is drawn in,
 * and no function of one purpose is ever met under another.
 */
export function sampleFunctions(
  problem: ProblemSpec,
  seed: number,
  purpose: Purpose,
  first: number,
  count: number,
): FunctionBatch {
  const family = problemOf(problem);
  const dimension = family.dimension(problem);
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
  return { problem, count, dimension, data, start };
}
