import { logOffset, type Objective } from './engine.js';

/** |f(θ_0)| whose reciprocal fp32 cannot hold. */
export const tooSmall = 2 ** -128;

/** The divisor of a function's losses in a "relative" objective; always above 0, so that training goes downhill. */
export function magnitudeOf(firstLoss: number): number {
  const size = Math.abs(firstLoss);
  return size <= tooSmall ? 1 : size;
}

/**
 * ℓ'(f_b) of an objective ℓ.
 * @param losses f_b [B]
 * @param first the unroll's first losses [B, …], for a "relative" objective without `initial`
 * @returns [B]; null if ℓ' is 1
 */
export function objectiveDerivatives(
  objective: Objective,
  losses: Float32Array,
  first: Float32Array,
): Float32Array | null {
  switch (objective.name) {
    case 'loss':
      return null;
    case 'log':
      return losses.map((loss) => (loss < 0 ? 0 : 1 / (loss + logOffset)));
    case 'relative':
      return losses.map((_, b) => 1 / magnitudeOf((objective.initial ?? first)[b]!));
  }
}
