import { logOffset } from '../../../engines/engine.js';
import { magnitudeOf } from '../../../engines/objective.js';

const largest = 3.4028234663852886e38;

export interface MetaLossOptions {
  /** w_t, t = 0 … steps. */
  readonly weights: readonly number[];
  readonly objective: 'loss' | 'log' | 'relative';
  /** Null: the largest float. */
  readonly maximum: number | null;
}

/**
 * L = Σ_t w_t ℓ(f(θ_t)) of each particle, in double precision. Where ℓ(f) is above the maximum, or f is not finite, f is
 * replaced by the loss at which ℓ is the maximum.
 * @param losses f(θ_t) [steps + 1, pairs, 2], in which such losses are replaced
 * @param initial f(θ_0) of each pair's function
 */
export function metaLosses(
  losses: Float32Array,
  initial: Float32Array,
  { weights, objective, maximum }: MetaLossOptions,
): { L: Float64Array; replaced: number } {
  const particles = 2 * initial.length;
  const L = new Float64Array(particles);
  let replaced = 0;
  for (let p = 0; p < particles; p++) {
    const first = initial[p >> 1]!;
    const unit = objective === 'relative' && Number.isFinite(first) ? magnitudeOf(first) : 1;
    const limit = Math.min(largest, maximum === null ? largest : highest(objective, maximum, unit));
    for (const [t, weight] of weights.entries()) {
      const at = t * particles + p;
      if (!(Number.isFinite(losses[at]!) && losses[at]! <= limit)) {
        losses[at] = limit;
        replaced++;
      }
      if (weight === 0) continue;
      const loss = losses[at]!;
      L[p]! += weight * (objective === 'log' ? Math.log(Math.max(loss, 0) + logOffset) : loss / unit);
    }
  }
  return { L, replaced };
}

/** The loss at which ℓ is the maximum. */
function highest(objective: MetaLossOptions['objective'], maximum: number, unit: number): number {
  return objective === 'log' ? Math.exp(maximum) - logOffset : maximum * unit;
}
