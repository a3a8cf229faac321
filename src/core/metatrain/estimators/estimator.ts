import type { Datasets } from '../../../contract/datasets.js';
import { rescaledBy } from '../../../contract/mixtures.js';
import type { MetatrainSpec } from '../../../contract/spec.js';
import type { Engine } from '../../engines/engine.js';
import { type FunctionBatch, sampleFunctions } from '../../problems/batch.js';
import { Purpose } from '../../random/random.js';
import type { StateTree } from '../../state-tree.js';
import type { Place } from '../curriculum.js';

/** What an estimator of the meta-gradient works with. */
export interface EstimatorContext {
  readonly spec: MetatrainSpec;
  readonly engine: Engine;
  readonly datasets: Datasets;
}

export interface Estimate {
  /** f(θ_t), t = 0 … unroll: means over the functions. */
  readonly points: Float32Array;
  /** dL/dφ like φ; the caller may overwrite it. */
  readonly gradient: Float32Array;
  /** Of an estimate ḡ that is random: ‖ḡ‖² and the trace of its covariance. NaN where it cannot tell. */
  readonly signal?: { readonly squaredNorm: number; readonly variance: number };
  /** Losses that were not finite, or too high, and were replaced. */
  readonly replaced?: number;
}

/** Estimates the meta-gradient, one meta-iteration after the other, and carries its functions from one to the next. */
export interface Estimator {
  estimate(phi: Float32Array, place: Place): Promise<Estimate>;
  /** Null before the first estimate. The vectors may be its own: they change with the next estimate. */
  state(): Promise<StateTree | null>;
  dispose(): void;
}

/** @param state a result of {@link Estimator.state}, to resume from; null to start */
export type OpenEstimator = (context: EstimatorContext, state: StateTree | null) => Estimator;

/** Functions `first` … `first + count - 1` of training. */
export function trainingFunctions({ spec, datasets }: EstimatorContext, first: number, count: number): FunctionBatch {
  const { randomScaling } = spec.training;
  const problem = randomScaling === null ? spec.problem : rescaledBy(spec.problem, { range: randomScaling });
  return sampleFunctions(problem, spec.seed, Purpose.training, first, count, datasets);
}
