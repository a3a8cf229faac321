import { type Stage, stagesOf } from '../../contract/curriculum.js';
import type { TrainingSpec } from '../../contract/training.js';

/** A meta-iteration's place in training, derived from its number, so that resuming a run needs no counters. */
export interface Place extends Stage {
  readonly iteration: number;
  /** Steps taken on the current functions before it; at 0 fresh ones are drawn. */
  readonly step: number;
  /** Horizons started before this one, over all stages; it numbers the functions. */
  readonly episode: number;
}

export function placeOf(training: TrainingSpec, iteration: number): Place {
  let episodes = 0;
  let stage: Stage | undefined;
  for (const next of stagesOf(training)) {
    if (next.from > iteration) break;
    // A horizon cut short by the stage's end has still used up its functions.
    if (stage) episodes += Math.ceil(((next.from - stage.from) * stage.unroll) / stage.horizon);
    stage = next;
  }
  const { from, horizon, unroll } = stage!;
  const steps = (iteration - from) * unroll;
  return { iteration, from, horizon, unroll, step: steps % horizon, episode: episodes + Math.floor(steps / horizon) };
}
