import type { LstmSpec } from '../../../contract/networks/lstm.js';

/** Floats of state per coordinate: h and c of each unit. */
export function stateSize({ layers }: LstmSpec): number {
  return 2 * layers.reduce((a, b) => a + b, 0);
}

/**
 * Reuses the state h of an episode that has ended: horizons follow each other quickly, and the garbage collector would
 * lag behind.
 */
export class States {
  private spare: Float32Array | undefined;

  /** An array of zeros. */
  take(length: number): Float32Array {
    const { spare } = this;
    this.spare = undefined;
    return spare?.length === length ? spare.fill(0) : new Float32Array(length);
  }

  give(state: Float32Array): void {
    this.spare = state;
  }
}
