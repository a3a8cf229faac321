import { evolutionOf } from './estimators.js';
import type { TrainingSpec } from './training.js';

/** A stretch of meta-iterations with one horizon and one unroll. */
export interface Stage {
  /** Its first meta-iteration. */
  readonly from: number;
  readonly horizon: number;
  readonly unroll: number;
}

/**
 * The stages in order; the first has `horizon` and `unroll` and begins at 0. Where an imitation ends, a new stage with
 * the same horizon and unroll begins, so that training starts on fresh functions. With evolution strategies each function
 * has a horizon of its own, and every truncation counts as one.
 */
export function stagesOf(training: TrainingSpec): Stage[] {
  const { horizon, unroll, curriculum, imitation } = training;
  if (evolutionOf(training)) return [{ from: 0, horizon: unroll, unroll }];
  const stages = [{ from: 0, horizon, unroll }, ...curriculum];
  if (imitation === null) return stages;
  const from = imitation.iterations;
  const next = stages.findIndex((stage) => stage.from >= from);
  if (stages[next]?.from === from) return stages;
  const end = next < 0 ? stages.length : next;
  return stages.toSpliced(end, 0, { ...stages[end - 1]!, from });
}

/** Steps of all unrolls together. */
export function unrolledSteps(training: TrainingSpec): number {
  const { iterations } = training;
  const stages = stagesOf(training).filter(({ from }) => from < iterations);
  return stages.reduce((sum, { from, unroll }, i) => sum + ((stages[i + 1]?.from ?? iterations) - from) * unroll, 0);
}

/** Steps taken on its functions before a meta-iteration: the step of its first loss within the horizon. */
export function stepOf(stages: readonly Stage[], iteration: number): number {
  const { from, horizon, unroll } = stages.findLast((stage) => stage.from <= iteration)!;
  return ((iteration - from) * unroll) % horizon;
}

/** Steps of a validation: the same for all, so that their losses are comparable. */
export function validationHorizon(training: TrainingSpec): number {
  return training.validation.horizon ?? longestHorizon(training);
}

/**
 * The horizon that training ends with, the longest if they are drawn for each function; undefined for weights whose file
 * does not tell.
 */
export function longestHorizon(training: TrainingSpec): number;
export function longestHorizon(training: Partial<TrainingSpec> | undefined): number | undefined;
export function longestHorizon(training: Partial<TrainingSpec> | undefined): number | undefined {
  return (
    training && (evolutionOf(training)?.horizons?.maximum ?? training.curriculum?.at(-1)?.horizon ?? training.horizon)
  );
}
