import type { EngineInfo } from '../../contract/events.js';
import type { LearnedSpec, LstmSpec } from '../../contract/optimizers.js';
import type { Descend } from '../optimizers/meta-adam.js';
import type { FunctionBatch } from '../problems/batch.js';

/**
 * A way to run an unroll. What goes in and comes out are typed arrays, so that nothing above an engine knows what it
 * computes with; it is asynchronous, so that it may compute elsewhere.
 */
export interface Engine {
  readonly info: EngineInfo;
  /** Optimizees whose value and gradient hand-written rules ask for. */
  openFunctions(batch: FunctionBatch): Promise<OpenFunctions>;
  /** Functions that a learned optimizer is going to optimise, from their start or from where `state` left them. */
  openEpisode(optimizer: LearnedSpec, batch: FunctionBatch, state?: EpisodeState): Promise<Episode>;
  /** The networks of a learned optimizer, to be fed with gradients; from a fresh state, or from where `state` left them. */
  openLoop(optimizer: LearnedSpec, batch: FunctionBatch, state?: OpenLoopState): Promise<OpenLoop>;
  /**
   * Open loop: what a network makes of given gradients, from a fresh state.
   * @param gradients [steps, width, n]: n blocks of `width` coordinates, 1 where it is left out
   * @returns updates [steps, width, n]
   */
  respond(
    network: LstmSpec,
    phi: Float32Array,
    gradients: Float32Array,
    n: number,
    width?: number,
  ): Promise<Float32Array>;
  /** The meta-optimizer's step, where the engine has a faster one than optimizers/meta-adam.ts, of the same bits. */
  readonly descend?: Descend;
}

export interface OpenFunctions {
  /**
   * @param theta [B, d]
   * @param step t, which says what mini-batch functions of examples see
   * @returns f(θ) [B] and ∇f(θ) [B, d]; and what an optimizer sees of the gradient, where that is something else
   */
  evaluate(theta: Float32Array, step: number): Promise<Evaluated>;
  dispose(): void;
}

export interface Evaluated {
  readonly losses: Float32Array;
  readonly gradient: Float32Array;
  readonly observed?: Float32Array;
}

/** Where an episode stands. */
export interface EpisodeState {
  /** θ [B, d] */
  readonly theta: Float32Array;
  /**
   * Of each group in turn. Of a network h, then c, of each LSTM layer in turn, each [units, N], N = B d where it is
   * coordinatewise; empty where there is no layer. Of a rule its vectors, each [N].
   */
  readonly hidden: Float32Array;
  /** Steps taken so far: f(θ_t) and ∇f(θ_t) see the mini-batch of step t. */
  readonly step: number;
}

export interface UnrollOptions {
  readonly steps: number;
  /** w_t, t = 0 … steps, of the losses f(θ_t). */
  readonly weights: readonly number[];
  readonly secondDerivatives: 'dropped' | 'exact';
  /** ℓ, what of a loss counts; "loss" where it is not said. */
  readonly objective?: Objective;
}

/**
 * ℓ(f) of a loss f: itself; log(max(f, 0) + {@link logOffset}) (Wichrowska et al. 2017, arXiv 1703.04813); or
 * f/|f(θ_0)|, f/1 where f(θ_0) is 0. `initial` [B] are the losses f(θ_0) that the functions began with, null where they
 * begin with this unroll.
 */
export type Objective =
  | { readonly name: 'loss' | 'log' }
  | { readonly name: 'relative'; readonly initial: Float32Array | null };

/** Keeps the logarithm, and 1/f, finite at 0. */
export const logOffset = 1e-8;

/** Functions being optimised: θ and the optimizer's state h are carried from one call to the next. */
export interface Episode {
  /**
   * Optimises for `steps` steps.
   * @returns f(θ_t) [steps + 1, B], t = 0 … steps
   */
  advance(phi: Float32Array, steps: number): Promise<Float32Array>;
  /**
   * The same, and the gradient of the meta-loss L(φ) = 1/B Σ_f Σ_t w_t ℓ(f(θ_t)) by back-propagation through these steps;
   * the θ and h that they began with count as constants (truncation).
   * @returns f(θ_t) [steps + 1, B], and dL/dφ like φ
   */
  unroll(phi: Float32Array, options: UnrollOptions): Promise<{ losses: Float32Array; gradient: Float32Array }>;
  /** Where it stands. The arrays may be the episode's own: they change with its next call. */
  state(): Promise<EpisodeState>;
  dispose(): void;
}

/** As of an {@link EpisodeState}; what is there of rules stays as it began. */
export type OpenLoopState = Pick<EpisodeState, 'hidden' | 'step'>;

/** Networks on gradients that do not depend on their updates: h is carried from one call to the next. */
export interface OpenLoop {
  /**
   * Back-propagation through as many steps as there are gradients; the h that they began with counts as a constant.
   * @param observed what the networks see of the gradients, [steps, B, d]
   * @param slopes from the updates g_t to dL/dg_t, both [steps, B, d]; coordinates of a rule's group have updates of 0,
   *   and their slopes do not matter
   * @returns dL/dφ like φ
   */
  backPropagate(
    phi: Float32Array,
    observed: Float32Array,
    slopes: (updates: Float32Array) => Float32Array,
  ): Promise<Float32Array>;
  /** Where it stands. The arrays may be its own: they change with its next call. */
  state(): Promise<OpenLoopState>;
  dispose(): void;
}

/** What an engine, or this machine, does not have. The message says what to do. */
export class Unsupported extends Error {
  readonly code = 'unsupported';
}
