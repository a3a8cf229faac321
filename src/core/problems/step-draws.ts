import { type Purpose, RandomStream } from '../random/random.js';
import type { FunctionData, Shapes } from './problem.js';

/** Identifies the draws of a batch of functions at every step. */
export interface DrawsOrigin {
  readonly seed: number;
  readonly purpose: Purpose;
  /** The functions' numbers [B]. */
  readonly numbers: readonly number[];
  /** Separates the draws of a composite's parts. */
  readonly source: number;
}

/** The stream of one of the functions, from 0, at a step. */
export function streamAt({ seed, purpose, numbers, source }: DrawsOrigin, b: number, step: number): RandomStream {
  return new RandomStream(seed, purpose, numbers[b]!, step, source);
}

/** Arrays that are drawn at every step, such as noise: any step can be drawn again, in any order. */
export class StepDraws {
  /**
   * @param shapes the shapes of one function's arrays
   * @param sample draws them
   */
  constructor(
    readonly shapes: Shapes,
    private readonly sample: (random: RandomStream, data: FunctionData) => void,
    private readonly origin: DrawsOrigin,
  ) {}

  /** Each array [B, …shape]. */
  at(step: number): FunctionData {
    const count = this.origin.numbers.length;
    const arrays = arraysOf(this.shapes, count);
    for (let b = 0; b < count; b++) this.sample(streamAt(this.origin, b, step), rowsOf(arrays, count, b));
    return arrays;
  }
}

/** Arrays [B, …shape], zeros. */
export function arraysOf(shapes: Shapes, count: number): Record<string, Float32Array> {
  const arrays: Record<string, Float32Array> = {};
  for (const name in shapes) arrays[name] = new Float32Array(shapes[name]!.reduce((a, b) => a * b, count));
  return arrays;
}

/** Views of one function's rows. */
export function rowsOf(arrays: FunctionData, count: number, b: number): FunctionData {
  const rows: Record<string, Float32Array> = {};
  for (const name in arrays) {
    const array = arrays[name]!;
    const size = array.length / count;
    rows[name] = array.subarray(b * size, (b + 1) * size);
  }
  return rows;
}
