import { measureContracts } from '../../contract/measures.js';
import { eachMeasure, type Measured, runsOf } from '../optimise/measures.js';

/** A rate's outcome on the tuning functions. */
export interface Outcome {
  /** Mean over functions of each measure; infinite if some loss was not finite. */
  scores: Measured<number>;
  /** Maximum rise of a function's loss above its first, over all steps; infinite if some loss was not finite. */
  rise: number;
  /** Mean over functions of the loss's maximum fall below its first. */
  fall: number;
}

/** A rate being tried: totals over the functions so far. */
export interface Trial {
  functions: number;
  /** Σ over functions of each measure. */
  totals: Measured<number>;
  /** Maximum rise over functions. */
  rise: number;
  /** Σ over functions of the maximum fall. */
  falls: number;
}

export function beginTrial(): Trial {
  return { functions: 0, totals: eachMeasure(() => 0), rise: 0, falls: 0 };
}

/** Adds functions' losses [steps + 1, count]. */
export function addLosses(trial: Trial, losses: Float32Array, steps: number): void {
  const count = losses.length / (steps + 1);
  for (const run of runsOf(losses, count)) {
    const [first] = run as unknown as [number];
    let [low, high] = [first, first];
    for (const loss of run) {
      low = Math.min(low, loss);
      high = Math.max(high, loss);
    }
    trial.totals = eachMeasure((measure) => measureContracts[measure].of(run, trial.totals[measure]));
    const allFinite = run.every(Number.isFinite);
    trial.rise = Math.max(trial.rise, allFinite ? high - first : Number.POSITIVE_INFINITY);
    trial.falls += allFinite ? first - low : 0;
  }
  trial.functions += count;
}

export function outcomeOf({ functions, totals, rise, falls }: Trial): Outcome {
  if (rise !== Number.POSITIVE_INFINITY)
    return { scores: eachMeasure((measure) => totals[measure] / functions), rise, fall: falls / functions };
  return { scores: eachMeasure(() => Number.POSITIVE_INFINITY), rise, fall: 0 };
}
