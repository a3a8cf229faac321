import type { RunEvent } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';

export interface RunOptions {
  /** A complete spec, as `parseJobSpec` returns it. */
  spec: JobSpec;
  /** Bytes of the weights (safetensors) that a `compare` job's optimizer names. */
  weights?: Uint8Array;
  /** What {@link Run.checkpoint} gave: the run goes on from there, bit for bit. */
  checkpoint?: Uint8Array;
}

/**
 * A run of a job: pull its events one by one. Between two pulls, and only then, its driver may take a checkpoint,
 * pause for as long as it likes, or dispose of it.
 */
export interface Run {
  /**
   * Computes up to the next event.
   * @returns null when the run has ended: after `done`, or after `diverged`.
   */
  next(): Promise<RunEvent | null>;
  /** The whole state, to go on from bit for bit. */
  checkpoint(): Promise<Uint8Array>;
  /** The best weights φ so far, as safetensors; null for a comparison, and before any are known to be good. */
  weights(): Uint8Array | null;
  dispose(): void;
}
