import type { JobFailure, RunEvent } from '../contract/events.js';
import type { JobSpec } from '../contract/spec.js';

/** Of an attempt that is not the job's any more: the job went to another worker, or was deleted. */
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

/** What a worker does with the jobs that the queue hands to it. */
export interface Attempts {
  /**
   * Begins the next attempt of a job: it is `running` from here on.
   * @returns null where there is nothing to do: the job is gone, in a final state, was cancelled meanwhile, or has used
   *   up its attempts (it is then failed as `worker-lost`).
   */
  begin(job: string): Promise<Attempt | null>;
  close(): Promise<void>;
}

/**
 * One attempt at a job, from its begin to exactly one of the five ends. The ends wait for Redis as long as it takes. An
 * attempt that has lost its job changes nothing any more: its ends resolve without effect.
 */
export interface Attempt {
  readonly job: string;
  /** From 1. */
  readonly number: number;
  readonly spec: JobSpec;
  /**
   * Aborted as soon as somebody asks for the job's cancellation, or takes the job away from this attempt; the reason is
   * then an {@link AttemptLost}.
   */
  readonly signal: AbortSignal;
  /** Digest of the weights that the job compares, as its submission or an earlier attempt found them; null before that. */
  readonly weightsSha256: string | null;
  /** The file of weights that the spec of a `compare` job names; null where it is gone. */
  namedWeights(): Promise<NamedWeights | null>;
  /**
   * Appends to the job's stream, in the order of the calls. It resolves when Redis has the event: for as long as Redis
   * is full or out of reach it waits, and so pauses whoever pulls the run; nothing is lost and nothing comes twice. Once the
   * signal is aborted it waits no longer than a moment, and then rejects with the signal's reason.
   */
  append(event: RunEvent): Promise<void>;
  succeed(): Promise<void>;
  fail(failure: JobFailure): Promise<void>;
  /** Queues the job again where it has attempts left, and fails it otherwise. @returns whether it is queued again. */
  retry(failure: JobFailure): Promise<boolean>;
  /** Gives the job back to the queue, for another worker to go on with. This attempt does not count. */
  release(): Promise<void>;
  cancel(): Promise<void>;
}
