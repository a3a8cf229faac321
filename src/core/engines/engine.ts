import type { EngineInfo } from '../../contract/events.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { StepRates } from '../../contract/use.js';
import type { Descend } from '../optimizers/meta-adam.js';
import type { Orthogonalise } from '../optimizers/newton-schulz.js';
import type { FunctionBatch } from '../problems/batch.js';

/**
 * Runs unrolls. Arguments and results are typed arrays, so that no caller depends on an engine's library; calls are
 * asynchronous, so that an engine can compute elsewhere.
 */
export interface Engine {
  readonly info: EngineInfo;
  /** Optimizees whose values and gradients hand-designed optimizers use. */
  openFunctions(batch: FunctionBatch): Promise<OpenFunctions>;
  /** Functions for a learned optimizer to optimise. */
  openEpisode(optimizer: LearnedSpec, batch: FunctionBatch, options?: EpisodeOptions): Promise<Episode>;
  /** A population of antithetic pairs, if the engine has one of its own; core/metatrain has one for any engine. */
  openPopulation?(optimizer: LearnedSpec, slots: readonly Slot[]): Promise<Population>;
  /** The networks of a learned optimizer, fed with given gradients, from a fresh state or from `state`. */
  openLoop(optimizer: LearnedSpec, batch: FunctionBatch, state?: OpenLoopState): Promise<OpenLoop>;
  /** The meta-optimizer's step, if the engine has a faster one than optimizers/meta-adam.ts, with the same bits. */
  readonly descend?: Descend;
  /** Muon's Newton-Schulz iterations, if the engine has a faster form than optimizers/newton-schulz.ts. */
  readonly orthogonalise?: Orthogonalise;
}

export interface OpenFunctions {
  /**
   * @param theta [B, d]
   * @param step t, which determines the mini-batch of functions on examples
   * @returns f(θ) [B] and ∇f(θ) [B, d]; `observed`: the gradient as an optimizer sees it, if different
   */
  evaluate(theta: Float32Array, step: number): Promise<Evaluated>;
  dispose(): void;
}

export interface Evaluated {
  readonly losses: Float32Array;
  readonly gradient: Float32Array;
  readonly observed?: Float32Array;
}

export interface EpisodeOptions {
  /** To resume from; without it, the functions' start and a fresh state of the optimizer. */
  readonly state?: EpisodeState | undefined;
  /** The optimizer's usual rate at every step, and no weight decay, by default. */
  readonly rates?: StepRates | undefined;
}

/** The state of an episode. */
export interface EpisodeState {
  /** θ [B, d] */
  readonly theta: Float32Array;
  /**
   * The groups' states in turn. A network's: h, then c, of each LSTM layer, each [units, N], N = B d if coordinatewise;
   * empty without layers. A rule's: its vectors, each [N].
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
  /** ℓ, applied to each loss; "loss" by default. */
  readonly objective?: Objective;
}

/**
 * ℓ(f) of a loss f: itself; log(max(f, 0) + {@link logOffset}) (Wichrowska et al. 2017, arXiv 1703.04813); or
 * f/|f(θ_0)|, f/1 where f(θ_0) is 0. `initial` [B] are the functions' first losses f(θ_0), null if they start with this
 * unroll.
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
   * the initial θ and h are constants (truncation).
   * @returns f(θ_t) [steps + 1, B], and dL/dφ like φ
   */
  unroll(phi: Float32Array, options: UnrollOptions): Promise<{ losses: Float32Array; gradient: Float32Array }>;
  /** The current state. The arrays may be the episode's own: they change with its next call. */
  state(): Promise<EpisodeState>;
  dispose(): void;
}

/** What a slot of a population holds: one function, for two particles. */
export interface Slot {
  /** A single function; its sizes may differ from those of the other slots. */
  readonly batch: FunctionBatch;
  /** As in {@link EpisodeOptions}. */
  readonly rates?: StepRates | undefined;
  /** To resume from; without it, both particles are at the function's start, with fresh states of the optimizer. */
  readonly states?: PairState | undefined;
}

/** The states of a function's two particles, each as of an episode of that function. */
export type PairState = readonly [EpisodeState, EpisodeState];

/**
 * Functions that are optimised by antithetic pairs of particles, each with weights of its own: evolution strategies. Slot
 * i holds one function, at a step of its own; its two particles see the same mini-batches and draws.
 */
export interface Population {
  /** Puts another function into a slot. */
  replace(slot: number, content: Slot): void | Promise<void>;
  /**
   * Optimises all functions for `steps` steps.
   * @param phi [slots, 2, weights]
   * @returns f(θ_t), t = 0 … steps, [steps + 1, slots, 2]
   */
  advance(phi: Float32Array, steps: number): Promise<Float32Array>;
  /** Sets both particles of every slot to the mean of their θ and of their states, (a + b)/2 in fp32. */
  average(): void | Promise<void>;
  /** Per slot. The arrays may be the population's own: they change with its next call. */
  state(): Promise<readonly PairState[]>;
  dispose(): void;
}

/** As in {@link EpisodeState}; rules' states keep their initial values. */
export type OpenLoopState = Pick<EpisodeState, 'hidden' | 'step'>;

/** Networks on gradients that do not depend on their updates: h is carried from one call to the next. */
export interface OpenLoop {
  /**
   * Back-propagation through as many steps as there are gradients; the initial h is a constant.
   * @param observed the gradients as the networks see them, [steps, B, d]
   * @param derivativesOf maps the updates g_t to dL/dg_t, both [steps, B, d]; coordinates of a rule's group have updates
   *   of 0, and their derivatives are ignored
   * @returns dL/dφ like φ
   */
  backPropagate(
    phi: Float32Array,
    observed: Float32Array,
    derivativesOf: (updates: Float32Array) => Float32Array,
  ): Promise<Float32Array>;
  /** The current state. The arrays may be its own: they change with its next call. */
  state(): Promise<OpenLoopState>;
  dispose(): void;
}

/** An engine or this machine lacks a feature. The message says what to do. */
export class Unsupported extends Error {
  readonly code = 'unsupported';
}
