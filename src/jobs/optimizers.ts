import type { OptimizerList } from '../contract/lists.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import type { Provenance } from '../contract/provenance.js';
import type { OptimizersQuery } from '../contract/queries.js';
import type { RegisteredOptimizer } from '../contract/registry.js';
import type { OpenArtifact } from './artifacts.js';

/** A checked weights file, and its metadata. */
export interface CheckedWeights {
  bytes: Uint8Array;
  optimizer: LearnedSpec;
  provenance: Provenance;
  /** Number of weights φ. */
  weights: number;
  /** Coordinates that one application of each network sees. */
  widths: number[];
}

/** A request to register weights. */
export interface Registration {
  name: string;
  /** Id of the job that trained it; null for an upload. */
  job: string | null;
  /** Digest of an upload, to tell whether two requests with one idempotency key are the same. */
  digest: string | null;
  /** Called unless an earlier request with the same idempotency key has succeeded. May throw ApiError. */
  read(): Promise<CheckedWeights>;
}

/**
 * The registry of trained optimizers. It keeps its own copy of each file, which outlives the job. All methods throw
 * ApiError; an unknown or deleted version is `not-found`.
 */
export interface Optimizers {
  /**
   * Registers weights as the next version of a name.
   * @returns the record, and whether it is new: the same key with the same request returns the existing version.
   * @throws ApiError `idempotency-conflict`, or what `read` throws.
   */
  register(registration: Registration, idempotencyKey?: string): Promise<Registered>;
  get(name: string, version: number): Promise<RegisteredOptimizer>;
  /** The weights file. The caller must read or close it. */
  open(name: string, version: number): Promise<OpenArtifact>;
  /** Latest registration first. @throws ApiError `invalid-cursor`. */
  list(query: OptimizersQuery): Promise<OptimizerList>;
  /** The number is never reused. A queued job that names it will fail as `weights-missing`. */
  delete(name: string, version: number): Promise<void>;
}

export interface Registered {
  optimizer: RegisteredOptimizer;
  created: boolean;
}
