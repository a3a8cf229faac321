import { type ComparisonSpec, tunedMeasures } from './comparison.js';
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
export function checkResultSize({ steps, baselines, tuning }: ComparisonSpec): FieldError | null {
  const measures = tunedMeasures(tuning).length;
  let [optimizers, rates] = [1, 0];
  for (const baseline of baselines) {
    const isTuned = 'learningRate' in baseline && baseline.learningRate === 'tuned';
    optimizers += isTuned ? measures : 1;
    if (!isTuned) continue;
    const combinations = Object.entries(tuning.parameters).reduce(
      (n, [name, values]) => (name in baseline ? n * values.length : n),
      1,
    );
    rates += measures * combinations * (tuning.points + widestGrowth);
  }
  const curves = optimizers * curvesPerOptimizer;
  const numbers = curves * (steps + 1) + rates * numbersPerRate;
  if (numbers <= maxResultNumbers) return null;
  return {
    pointer: '/comparison/steps',
    found: String(steps),
    allowed: `results of at most ${maxResultNumbers} numbers (here ${numbers}: ${curves} curves × (steps + 1), and ${numbersPerRate} for each of ${rates} rates that may be tried; ${optimizers} optimizers have ${curvesPerOptimizer} curves each, a tuned rule counted once for each measure): fewer steps, baselines or tuned measures`,
  };
}
