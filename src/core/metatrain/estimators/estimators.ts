import type { TrainingSpec } from '../../../contract/training.js';
import type { StateTree } from '../../state-tree.js';
import { Bptt } from './bptt.js';
import type { Estimator, EstimatorContext, OpenEstimator } from './estimator.js';
import { Evolution } from './evolution/evolution.js';
import { Imitation } from './imitation.js';

/** The estimators of the meta-gradient. */
export const estimators = {
  bptt: (context, state) => new Bptt(context, state),
  imitation: (context, state) => new Imitation(context, state),
  es: (context, state) => new Evolution(context, state),
  pes: (context, state) => new Evolution(context, state),
  nres: (context, state) => new Evolution(context, state),
} as const satisfies Record<string, OpenEstimator>;
export type EstimatorName = keyof typeof estimators;

/** The estimator of a meta-iteration: a warm-up by imitation comes first. */
export function estimatorAt({ imitation, estimator }: TrainingSpec, iteration: number): EstimatorName {
  if (imitation !== null && iteration < imitation.iterations) return 'imitation';
  return estimator?.name ?? 'bptt';
}

export function openEstimator(name: EstimatorName, context: EstimatorContext, state: StateTree | null): Estimator {
  return estimators[name](context, state);
}
