import type { JobFailure, RunEvent } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';
import type { NamedWeights } from '../jobs/attempts.js';
import type { Timed } from '../jobs/work.js';

/** The messages between a worker and the child that runs a job, as structured clones over Node's IPC channel. */

export interface RunRequest {
  type: 'run';
  spec: JobSpec;
  /** Weights of the optimizer that a `compare` job names. */
  weights: NamedWeights | null;
  /** The latest checkpoint of earlier attempts. */
  checkpoint: Uint8Array | null;
  /** Milliseconds between checkpoints. */
  checkpointEvery: number;
}

export type ToChild =
  | RunRequest
  /** One delivery is processed: the child may send another. */
  | { type: 'credit' }
  /** Deliver the remaining events and a snapshot, then exit. */
  | { type: 'stop' };

export type FromChild =
  | Delivery
  /** The child cannot resume from the checkpoint, and starts over. */
  | { type: 'restart'; reason: string }
  | { type: 'failed'; failure: JobFailure; stack: string };

/** Messages that the child sends only while the worker keeps up. */
export type Delivery =
  /** `timed`: the work so far. */
  | { type: 'events'; events: RunEvent[]; timed: Timed[] }
  /** A piece of the results file, sent before the event; null after the last. */
  | { type: 'results'; bytes: Uint8Array | null }
  /** The run's state after all events delivered before. */
  | { type: 'snapshot'; checkpoint: Uint8Array | null; weights: Uint8Array | null };

/** Maximum deliveries without a credit: enough to keep computing while Redis writes. */
export const maxOutstanding = 3;
