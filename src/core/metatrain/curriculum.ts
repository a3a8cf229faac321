import { type Stage, stagesOf } from '../../contract/curriculum.js';
import type { TrainingSpec } from '../../contract/training.js';

/** Where a meta-iteration is: it follows from its number, so that no count has to be kept to go on with a run. */
export interface Place extends Stage {
  /** Steps that the functions at hand have taken before it; at 0 fresh ones are drawn. */
  readonly step: number;
  /** Horizons begun before this one, in all stages: it numbers the functions. */
  readonly episode: number;
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
