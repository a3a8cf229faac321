import type { EpisodeState } from '../engines/engine.js';
import type { RuleState } from '../optimizers/rule.js';
import type { History } from './history.js';

/** Everything that meta-training is about to need again: plain numbers and vectors. */
export interface TrainingState {
  /** Meta-iterations done. */
  iteration: number;
  /** φ, the weights being trained. */
  readonly phi: Float32Array;
  /** Adam's moments of φ. */
  readonly adam: RuleState;
  /** The weights with the best validation loss so far. */
  readonly best: Float32Array;
  bestLoss: number;
  /** Meta-iterations after which the best weights stood; -1 before any validation was finite. */
  bestIteration: number;
  /** Meta-iterations after which the latest validation ran; -1 before the first. */
  validatedAt: number;
  /** Null before the first. */
  history: History | null;
  /** One that is under way, or of which no more than its health is to be told. */
  validation: ValidationState | null;
  gradients: GradientNorms;
  /** f(θ_0) [B] of the functions at hand, where the objective is "relative" to it. */
  initial: Float32Array | null;
  /** Where the functions at hand stood when this state was taken; null where none were at hand. */
  episode: EpisodeState | null;
}

export interface ValidationState {
  /** Functions done. */
  functions: number;
  /** How many of them ended above their start, or at no number. */
  diverged: number;
  /** Mean of f(θ_t), t = 0 … horizon, as far as they are done. */
  readonly means: Float64Array;
}

/** Norms of meta-gradients that are kept. */
export const keptNorms = 1000;

/** Of the meta-iterations since the last validation. */
export interface GradientNorms {
  iterations: number;
  clipped: number;
  /** Norms of the latest {@link keptNorms}, in any order. */
  norms: number[];
}

/** An infinite loss is never the best; and where trained weights are no better than the untrained ones, they are kept. */
export function isBetter(loss: number, { bestLoss, bestIteration }: TrainingState): boolean {
  return Number.isFinite(loss) && (loss < bestLoss || (loss === bestLoss && bestIteration === 0));
}
