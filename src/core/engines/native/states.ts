import type { LstmSpec } from '../../../contract/optimizers.js';

/** Numbers of a coordinate's state: h and c of each unit. */
export function stateSize({ layers }: LstmSpec): number {
  return 2 * layers.reduce((a, b) => a + b, 0);
}

/**
 * The state h of an episode that has ended serves the next one: horizons follow each other quickly, and what each left
 * behind would wait for the garbage collector.
 */
export class States {
  private spare: Float32Array | undefined;

  /** Zeros. */
  take(length: number): Float32Array {
    const { spare } = this;
    this.spare = undefined;
    return spare?.length === length ? spare.fill(0) : new Float32Array(length);
  }

  give(state: Float32Array): void {
    this.spare = state;
  }
}
