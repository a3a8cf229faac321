import type { Measure, TuningSpec } from '../../contract/comparison.js';
import { tunedMeasures } from '../../contract/comparison.js';
import type { RuleSpec } from '../../contract/optimizers.js';
import type { Measured } from '../optimise/measures.js';
import { ruleOf } from '../optimizers/registry.js';

/** A rate that was tried: usual rate × ratio^exponent. */
export interface TriedRate {
  exponent: number;
  /** Mean over the tuning functions of each measure; infinite where the rate diverged. */
  scores: Measured<number>;
  diverged: boolean;
}

/** How many rates are added at a time where the best is at the edge, and how far a grid may grow. */
const growth = 4;
const widest = 160;

/**
 * The exponent to try next; null when the best rate for every measure lies inside what was tried.
 * The grid begins around the rule's usual rate and grows on the side where a best rate is at the edge.
 */
export function nextExponent(tuning: TuningSpec, tried: readonly TriedRate[]): number | null {
  const half = Math.floor(tuning.points / 2);
  if (tried.length < tuning.points) return tried.length - half;
  if (tried.length >= tuning.points + widest) return null;
  const { low, high } = endsOf(tried);
  // A step of growth is finished before the edge is judged again.
  const grownUp = high - (tuning.points - 1 - half);
  const grownDown = -half - low;
  if (grownUp % growth !== 0) return high + 1;
  if (grownDown % growth !== 0) return low - 1;
  const best = tunedMeasures(tuning).map((measure) => bestRate(tried, measure)?.exponent ?? low);
  if (best.includes(high)) return high + 1;
  return best.includes(low) ? low - 1 : null;
}

/** The best of the rates that diverged on no function. */
export function bestRate<T extends TriedRate>(tried: readonly T[], measure: Measure): T | undefined {
  return tried.filter(({ diverged }) => !diverged).sort((a, b) => a.scores[measure] - b.scores[measure])[0];
}

/** The least and the greatest exponent. */
export function endsOf(tried: readonly TriedRate[]): { low: number; high: number } {
  const exponents = tried.map(({ exponent }) => exponent);
  return { low: Math.min(...exponents), high: Math.max(...exponents) };
}

export function rateAt(rule: RuleSpec, tuning: TuningSpec, exponent: number): number {
  return ruleOf(rule).usualRate * tuning.ratio ** exponent;
}
