import { type ComparisonSpec, countGrids, countOptimizers, tunedMeasures } from './comparison.js';
import type { FieldError } from './errors.js';

/** Maximum numbers in a comparison's results: about 200 MB as JSON. */
const maxResultNumbers = 2 ** 23;
/** The mean and five quantiles. */
const summaryCurves = 6;
/** Numbers per rate tried: the rate, its scores, and the other tuned parameters. */
const numbersPerRate = 12;
/** Maximum number of rates that a grid may grow by. */
export const widestGrowth = 160;

/** Checks that a comparison's results are small enough to be stored, sent and read. */
export function checkResultSize(comparison: ComparisonSpec): FieldError | null {
  const { steps, tuning, curves: kept, functions } = comparison;
  const optimizers = countOptimizers(comparison);
  const grids = countGrids(comparison);
  const rates = tunedMeasures(tuning).length * grids * (tuning.points + widestGrowth);
  const curvesPerOptimizer = summaryCurves + (kept?.functions ? functions : 0);
  const points = Math.min(steps + 1, kept?.points ?? steps + 1);
  const curves = optimizers * curvesPerOptimizer;
  const numbers = curves * points + rates * numbersPerRate;
  if (numbers <= maxResultNumbers) return null;
  return {
    pointer: '/comparison/steps',
    found: String(steps),
    allowed: `results of at most ${maxResultNumbers} numbers (here ${numbers}: ${curves} curves × ${kept ? 'points' : '(steps + 1)'}, and ${numbersPerRate} for each of ${rates} rates that may be tried; ${optimizers} optimizers have ${curvesPerOptimizer} curves each, a tuned rule counted once per measure): fewer steps, baselines or tuned measures`,
  };
}
