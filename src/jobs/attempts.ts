import type { JobFailure, RunEvent } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';
import type { Timed } from './work.js';

/** The attempt has lost its job, which went to another worker or was deleted. */
export class AttemptLost extends Error {
  constructor(job: string) {
    super(`The job ${job} was taken from this attempt.`);
    this.name = 'AttemptLost';
  }
}

/** A file of weights, and the SHA-256 of its bytes in hexadecimal. */
export interface NamedWeights {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** What a worker does with jobs from the queue. */
export interface Attempts {
  /**
   * Begins the next attempt of a job, which is then `running`.
   * @returns null if there is nothing to do: the job was deleted or cancelled, is in a final state, or has used up its
   * attempts (it then fails as `worker-lost`).
   */
  begin(job: string): Promise<Attempt | null>;
  close(): Promise<void>;
}

/**
 * One attempt at a job, from its beginning to exactly one of the five ends. The ends wait for Redis as long as it
 * takes. Once an attempt has lost its job, its ends resolve without effect.
 */
export interface Attempt {
  readonly job: string;
  /** From 1. */
  readonly number: number;
  readonly spec: JobSpec;
  /**
   * Aborted once the job is to be cancelled, or is taken from this attempt; in the latter case the reason is an {@link
   * AttemptLost}.
   */
  readonly signal: AbortSignal;
  /** Digest of the weights that the job compares, as found at submission or by an earlier attempt; null before that. */
  readonly weightsSha256: string | null;
  /** The weights file that the spec of a `compare` job names; null if it was deleted. */
  namedWeights(): Promise<NamedWeights | null>;
  /**
   * Appends to the job's stream, in the order of the calls. Resolves when Redis has the event. While Redis is full or
   * unreachable it waits, which pauses the run, so that no event is lost or repeated. Soon after the signal is aborted
   * it rejects with the signal's reason.
   */
  append(event: RunEvent): Promise<void>;
  /** The work that this attempt has done so far; how fast it was is recorded when the attempt ends. */
  measure(timed: readonly Timed[]): void;
  succeed(): Promise<void>;
  fail(failure: JobFailure): Promise<void>;
  /** Queues the job again if it has attempts left, or else fails it. @returns whether it is queued again. */
  retry(failure: JobFailure): Promise<boolean>;
  /** Returns the job to the queue, for another worker to resume. This attempt does not count. */
  release(): Promise<void>;
  cancel(): Promise<void>;
}
