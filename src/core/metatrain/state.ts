import type { RuleState } from '../optimizers/rule.js';
import type { StateTree } from '../state-tree.js';
import type { History } from './history.js';

/** Everything that meta-training needs to resume: plain numbers and vectors. */
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
  /** Meta-iterations done when the best weights were validated; -1 before the first finite validation. */
  bestIteration: number;
  /** Meta-iterations done at the latest validation; -1 before the first. */
  validatedAt: number;
  /** Null before the first. */
  history: History | null;
  /** A validation in progress, or one whose health is not reported yet. */
  validation: ValidationState | null;
  gradients: GradientNorms;
  /** The state of the current meta-iteration's estimator; null where it starts. */
  estimator: StateTree | null;
}

export interface ValidationState {
  /** Functions done. */
  functions: number;
  /** How many of them ended above their start, or not finite. */
  diverged: number;
  /** Mean of f(θ_t), t = 0 … horizon; the functions done so far are added. */
  readonly means: Float64Array;
}

/** Number of norms that are kept. */
export const keptNorms = 1000;

/** Norms of the meta-gradients since the last validation. */
export interface GradientNorms {
  iterations: number;
  clipped: number;
  /** Norms of the latest {@link keptNorms}, in any order. */
  norms: number[];
  /** Sums over the random estimates ḡ of them: of ‖ḡ‖², and of the traces of their covariances. */
  signal?: { squaredNorm: number; variance: number };
  /** Losses that were replaced. */
  replaced?: number;
}

export function noNorms(): GradientNorms {
  return { iterations: 0, clipped: 0, norms: [] };
}

/** Adds what a random estimate ḡ says of itself. */
export function noteSignal(
  norms: GradientNorms,
  { squaredNorm, variance }: { readonly squaredNorm: number; readonly variance: number },
  replaced: number,
): void {
  norms.signal ??= { squaredNorm: 0, variance: 0 };
  norms.signal.squaredNorm += squaredNorm;
  norms.signal.variance += variance;
  norms.replaced = (norms.replaced ?? 0) + replaced;
}

/**
 * The signal-to-noise ratio of the meta-gradient's estimates: (Σ ‖ḡ‖² - Σ tr cov ḡ)/Σ tr cov ḡ, whose numerator
 * estimates Σ ‖E ḡ‖². Null where they are not random, or cannot tell.
 */
export function signalToNoise({ signal }: GradientNorms): number | null {
  if (!signal || !(signal.variance > 0)) return null;
  return (signal.squaredNorm - signal.variance) / signal.variance;
}

/** Whether a loss is the best: never if infinite; in a tie, trained weights are preferred to the untrained ones. */
export function isBetter(loss: number, { bestLoss, bestIteration }: TrainingState): boolean {
  return Number.isFinite(loss) && (loss < bestLoss || (loss === bestLoss && bestIteration === 0));
}
