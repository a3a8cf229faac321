import { logOffset, type Objective } from './engine.js';

/**
 * ℓ'(f_b) of an objective ℓ.
 * @param losses f_b [B]
 * @param first the unroll's first losses [B, …], for a "relative" objective that begins with it
 * @returns [B]; null where ℓ' is 1
 */
export function slopesOf(objective: Objective, losses: Float32Array, first: Float32Array): Float32Array | null {
  switch (objective.name) {
    case 'loss':
      return null;
    case 'log':
      return losses.map((loss) => (loss < 0 ? 0 : 1 / (loss + logOffset)));
    case 'relative':
      return losses.map((_, b) => 1 / (objective.initial ?? first)[b]!);
  }
}
