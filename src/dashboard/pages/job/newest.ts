import { stagesOf } from '../../../contract/curriculum.js';
import type { TrainingSpec } from '../../../contract/training.js';

/** Meta-iterations shown, and points at most. */
const columns = 120;
const mostPoints = 60_000;

/**
 * The newest meta-iterations [from, to) of one stage of the curriculum, and the losses of each: what a picture of them
 * needs to be a rectangle.
 * @param to one past the last meta-iteration; at least 1
 */
export function newest(training: TrainingSpec, to: number): { from: number; to: number; steps: number } {
  const { from, unroll } = stagesOf(training).findLast((stage) => stage.from < to)!;
  const most = Math.max(1, Math.min(columns, Math.floor(mostPoints / unroll)));
  return { from: Math.max(from, to - most), to, steps: unroll };
}
