import type { Examples } from '../../contract/datasets.js';
import { type DrawsOrigin, streamAt } from './step-draws.js';
import { subsetOf } from './subset.js';

/** What a mini-batch needs of the problem that it is drawn for. */
export interface MiniBatchOptions {
  readonly examples: Examples;
  /** Examples that a function sees at a step. */
  readonly size: number;
  readonly classes: number;
  /** The classes that take part, where not all do, in the order of their new names 0, 1, …. */
  readonly labels?: readonly number[];
}

/**
 * The examples that some functions see, others at every step, drawn with replacement. Which ones follows from (seed,
 * purpose, number of the function, step): any step's can be drawn again, in any order.
 */
export class MiniBatches {
  readonly examples: Examples;
  readonly size: number;
  readonly classes: number;
  /** Rows of the examples that take part; null for all. */
  private readonly eligible: Int32Array | null;

  constructor(
    { examples, size, classes, labels }: MiniBatchOptions,
    private readonly origin: DrawsOrigin,
  ) {
    const subset = labels ? subsetOf(examples, labels) : null;
    this.examples = subset?.examples ?? examples;
    this.eligible = subset?.rows ?? null;
    this.size = size;
    this.classes = classes;
  }

  /**
   * Rows of the examples, for each function and for some steps one after the other.
   * @returns [steps, B, size]
   */
  rows(firstStep: number, steps = 1): Int32Array {
    const { origin, size, examples, eligible } = this;
    const { count } = origin;
    const bound = eligible?.length ?? examples.labels.length;
    const rows = new Int32Array(steps * count * size);
    let at = 0;
    for (let step = firstStep; step < firstStep + steps; step++)
      for (let b = 0; b < count; b++) {
        const random = streamAt(origin, b, step);
        for (let i = 0; i < size; i++) {
          const drawn = random.nextInt(bound);
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
