import type { JobFailure, RunEvent } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';
import type { NamedWeights } from '../jobs/attempts.js';

/** What a worker and the child that runs a job say to each other, as structured clones over Node's IPC channel. */

export interface RunRequest {
  type: 'run';
  spec: JobSpec;
  /** Of the optimizer that a `compare` job names. */
  weights: NamedWeights | null;
  /** Where an earlier attempt got to. */
  checkpoint: Uint8Array | null;
  /** Milliseconds from one checkpoint to the next. */
  checkpointEvery: number;
}

export type ToChild =
  | RunRequest
  /** One delivery is dealt with: the child may make another. */
  | { type: 'credit' }
  /** Deliver what there is, and a snapshot, and exit. */
  | { type: 'stop' };

export type FromChild =
  | Delivery
  /** The checkpoint does not serve here: the run begins from its start. */
  | { type: 'afresh'; reason: string }
  | { type: 'failed'; failure: JobFailure; stack: string };

/** What the child waits with until the worker has dealt with the ones before. */
export type Delivery =
  | { type: 'events'; events: RunEvent[] }
  /** A piece of the results' file, before the event that tells of them; null behind the last. */
  | { type: 'results'; bytes: Uint8Array | null }
  /** Of the run as it stands after all events delivered before. */
  | { type: 'snapshot'; checkpoint: Uint8Array | null; weights: Uint8Array | null };

/** Deliveries that a child may have made without a credit for them: enough to compute while Redis writes. */
export const maxOutstanding = 3;
