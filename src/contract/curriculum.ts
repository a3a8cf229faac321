import type { TrainingSpec } from './training.js';

/** A stretch of meta-iterations with one horizon and one unroll. */
export interface Stage {
  /** Its first meta-iteration. */
  readonly from: number;
  readonly horizon: number;
  readonly unroll: number;
}

/**
 * The stages in order; the first is that of `horizon` and `unroll`, from 0. Where an imitation ends a stage of the same
 * horizon and unroll begins, so that what follows has fresh functions.
 */
export function stagesOf({ horizon, unroll, curriculum, imitation }: TrainingSpec): Stage[] {
  const stages = [{ from: 0, horizon, unroll }, ...curriculum];
  if (imitation === null) return stages;
  const from = imitation.iterations;
  const next = stages.findIndex((stage) => stage.from >= from);
  if (stages[next]?.from === from) return stages;
  const end = next < 0 ? stages.length : next;
  return stages.toSpliced(end, 0, { ...stages[end - 1]!, from });
}

/** Steps of a validation: every one has as many, so that their losses compare. */
export function validationHorizon(training: TrainingSpec): number {
  return training.validation.horizon ?? stagesOf(training).at(-1)!.horizon;
}
