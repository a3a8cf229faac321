import { type ComparisonSpec, countCombinations, countOptimizers, isTuned, tunedMeasures } from './comparison.js';
import type { FieldError } from './errors.js';

/** Numbers in a comparison's results: some 200 MB as JSON. */
const maxResultNumbers = 2 ** 23;
/** The mean and five quantiles. */
const curvesPerOptimizer = 6;
/** Of a rate that was tried: itself, its scores, and other parameters that were tuned. */
const numbersPerRate = 12;
/** By how many rates a grid may grow. */
export const widestGrowth = 160;

/** Whether a comparison's results are of a size that can be stored, sent and read. */
export function checkResultSize(comparison: ComparisonSpec): FieldError | null {
  const { steps, baselines, tuning } = comparison;
  const optimizers = countOptimizers(comparison);
  const grids = baselines.filter(isTuned).reduce((n, rule) => n + countCombinations(rule, tuning), 0);
  const rates = tunedMeasures(tuning).length * grids * (tuning.points + widestGrowth);
  const curves = optimizers * curvesPerOptimizer;
  const numbers = curves * (steps + 1) + rates * numbersPerRate;
  if (numbers <= maxResultNumbers) return null;
  return {
    pointer: '/comparison/steps',
    found: String(steps),
    allowed: `results of at most ${maxResultNumbers} numbers (here ${numbers}: ${curves} curves × (steps + 1), and ${numbersPerRate} for each of ${rates} rates that may be tried; ${optimizers} optimizers have ${curvesPerOptimizer} curves each, a tuned rule counted once for each measure): fewer steps, baselines or tuned measures`,
  };
}
