import type { EvolutionSpec } from '../../../../contract/estimators.js';
import type { TrainingSpec } from '../../../../contract/training.js';
import { Purpose, RandomStream } from '../../../random/random.js';

/** How long a function is optimised: both are multiples of the truncation. */
export interface Horizon {
  /** Its horizon. */
  readonly steps: number;
  /** The step at which it is replaced: before its horizon for some of the first functions. */
  readonly end: number;
}

/**
 * The horizon of function `index` of training, drawn from (seed, index): log-uniform within `horizons`, rounded to a
 * multiple of the truncation. The first function of each slot may end early, at any truncation with equal chance.
 */
export function horizonOf(
  { horizon, unroll, functions }: TrainingSpec,
  { horizons, stagger }: EvolutionSpec,
  seed: number,
  index: number,
): Horizon {
  const random = new RandomStream(seed, Purpose.horizons, index);
  const share = random.nextUint32() / 2 ** 32;
  const truncations = horizons
    ? Math.round((horizons.minimum * (horizons.maximum / horizons.minimum) ** share) / unroll)
    : horizon / unroll;
  const most = Math.floor((horizons?.maximum ?? horizon) / unroll);
  const drawn = Math.min(Math.max(truncations, 1), most);
  const used = stagger && index < functions ? 1 + random.nextInt(drawn) : drawn;
  return { steps: drawn * unroll, end: used * unroll };
}
