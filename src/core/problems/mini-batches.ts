import type { Examples } from '../../contract/datasets.js';
import { type DrawsOrigin, streamAt } from './step-draws.js';
import { subsetOf } from './subset.js';

/** A problem's mini-batches. */
export interface MiniBatchOptions {
  readonly examples: Examples;
  /** Examples per function and step. */
  readonly size: number;
  readonly classes: number;
  /** The classes used, in the order of their new labels 0, 1, …; all by default. */
  readonly labels?: readonly number[];
  /** Examples per function; all eligible ones by default. */
  readonly perFunction?: number;
}

/** A step that no run reaches: its stream is for what a function draws once. */
const onceStep = 2 ** 24 - 2;

/**
 * The examples that functions see at every step, drawn with replacement. They are determined by (seed, purpose, number
 * of the function, step): any step can be drawn again, in any order.
 */
export class MiniBatches {
  readonly examples: Examples;
  readonly size: number;
  readonly classes: number;
  /** Rows of the eligible examples; null for all. */
  private readonly eligible: Int32Array | null;
  /** Examples per function. */
  private readonly perFunction: number;
  /** Start of each function's window among the examples, whose order is random; null if it sees all. */
  private readonly windows: Int32Array | null;

  constructor(
    { examples, size, classes, labels, perFunction = Number.POSITIVE_INFINITY }: MiniBatchOptions,
    private readonly origin: DrawsOrigin,
  ) {
    const subset = labels ? subsetOf(examples, labels) : null;
    this.examples = subset?.examples ?? examples;
    this.eligible = subset?.rows ?? null;
    this.size = size;
    this.classes = classes;
    const all = this.available;
    this.perFunction = Math.min(perFunction, all);
    this.windows =
      perFunction < all ? Int32Array.from(origin.numbers, (_, b) => streamAt(origin, b, onceStep).nextInt(all)) : null;
  }

  /** Number of eligible examples. */
  private get available(): number {
    return this.eligible?.length ?? this.examples.labels.length;
  }

  /**
   * Rows of the examples for each function, step after step.
   * @returns [steps, B, size]
   */
  rows(firstStep: number, steps = 1): Int32Array {
    const { origin, size, eligible, perFunction, windows, available } = this;
    const count = origin.numbers.length;
    const rows = new Int32Array(steps * count * size);
    let at = 0;
    for (let step = firstStep; step < firstStep + steps; step++)
      for (let b = 0; b < count; b++) {
        const random = streamAt(origin, b, step);
        const first = windows?.[b] ?? 0;
        for (let i = 0; i < size; i++) {
          const drawn = (first + random.nextInt(perFunction)) % available;
          rows[at++] = eligible?.[drawn] ?? drawn;
        }
      }
    return rows;
  }

  /** The examples of a step: `inputs` [B, size, width] in [0, 1], and `labels` [B, size, classes], one-hot. */
  gather(step: number): { inputs: Float32Array; labels: Float32Array } {
    const { examples, classes } = this;
    const { width } = examples;
    const rows = this.rows(step);
    const inputs = new Float32Array(rows.length * width);
    const labels = new Float32Array(rows.length * classes);
    for (const [i, row] of rows.entries()) {
      for (let j = 0; j < width; j++) inputs[i * width + j] = examples.inputs[row * width + j]! / 255;
      labels[i * classes + examples.labels[row]!] = 1;
    }
    return { inputs, labels };
  }
}
