import type { TrainingSpec } from '../../contract/training.js';

/** A stretch of meta-iterations with one horizon and one unroll. */
export interface Stage {
  /** Its first meta-iteration. */
  readonly from: number;
  readonly horizon: number;
  readonly unroll: number;
}

/** Where a meta-iteration is: it follows from its number, so that no count has to be kept to go on with a run. */
export interface Place extends Stage {
  /** Steps that the functions at hand have taken before it; at 0 fresh ones are drawn. */
  readonly step: number;
  /** Horizons begun before this one, in all stages: it numbers the functions. */
  readonly episode: number;
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

export function placeOf(training: TrainingSpec, iteration: number): Place {
  let episodes = 0;
  let stage: Stage | undefined;
  for (const next of stagesOf(training)) {
    if (next.from > iteration) break;
    // A horizon that the stage's end cuts short has used up its functions all the same.
    if (stage) episodes += Math.ceil(((next.from - stage.from) * stage.unroll) / stage.horizon);
    stage = next;
  }
  const { from, horizon, unroll } = stage!;
  const steps = (iteration - from) * unroll;
  return { from, horizon, unroll, step: steps % horizon, episode: episodes + Math.floor(steps / horizon) };
}
