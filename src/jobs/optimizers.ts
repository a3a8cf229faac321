import type { OptimizerList } from '../contract/lists.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import type { Provenance } from '../contract/provenance.js';
import type { OptimizersQuery } from '../contract/queries.js';
import type { RegisteredOptimizer } from '../contract/registry.js';
import type { OpenArtifact } from './artifacts.js';

/** A file of weights that has been checked, and what it says. */
export interface CheckedWeights {
  bytes: Uint8Array;
  optimizer: LearnedSpec;
  provenance: Provenance;
  /** How many weights φ. */
  weights: number;
  /** Coordinates that one application of each network sees, network by network. */
  widths: number[];
}

/** What is to be registered. */
export interface Registration {
  name: string;
  /** Id of the job that trained it; null for an upload. */
  job: string | null;
  /** Tells one upload from another: of two requests with one idempotency key, whether they are the same. */
  digest: string | null;
  /** Called where no earlier request with the same idempotency key has been answered. It may throw ApiError. */
  read(): Promise<CheckedWeights>;
}

/**
 * The registry of trained optimizers. It has a copy of each file, so jobs may come and go. All methods throw
 * ApiError; a version that is not there, or no longer, is `not-found`.
 */
export interface Optimizers {
  /**
   * Keeps weights as the next version of a name.
   * @returns the record, and whether it is new: the same key with the same request gives the version that is there.
   * @throws ApiError `idempotency-conflict`, and whatever `read` throws.
   */
  register(registration: Registration, idempotencyKey?: string): Promise<Registered>;
  get(name: string, version: number): Promise<RegisteredOptimizer>;
  /** The file of weights. Whoever gets it reads or closes it. */
  open(name: string, version: number): Promise<OpenArtifact>;
  /** Latest registration first. @throws ApiError `invalid-cursor`. */
  list(query: OptimizersQuery): Promise<OptimizerList>;
  /** Its number is not given again. A queued job that names it will fail as `weights-missing`. */
  delete(name: string, version: number): Promise<void>;
}

export interface Registered {
  optimizer: RegisteredOptimizer;
  created: boolean;
}
