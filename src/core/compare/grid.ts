import type { Measure, TuningSpec } from '../../contract/comparison.js';
import { maximumRate, type RuleSpec } from '../../contract/optimizers.js';
import { widestGrowth } from '../../contract/result-size.js';
import type { Measured } from '../optimise/measures.js';
import { ruleOf } from '../optimizers/registry.js';
import type { Outcome } from './trial.js';

/** A rate that was tried: usual rate × ratio^exponent, and what it came to. */
export interface TriedRate extends Outcome {
  exponent: number;
}

/** What a search for the best rate of a grid needs to know besides the rates tried. */
export interface Search {
  readonly rule: RuleSpec;
  readonly tuning: TuningSpec;
  /** Those that can tell one rate from another. */
  readonly measures: readonly Measure[];
  /** The scores of standing still. */
  readonly still: Measured<number>;
}

/** How many rates are added at a time where the best is at the edge, and how far a grid may grow. */
const growth = 4;

/** A rate diverged where some function rose by more than this many times what functions fall by at the best rate. */
const divergence = 100;

/**
 * The exponent to try next; null when the best rate for every measure lies inside what was tried, or nothing better is
 * to be expected. The grid begins around the rule's usual rate and grows on the side where a best rate is at the edge;
 * downwards also where none does better than standing still.
 */
export function nextExponent(search: Search, tried: readonly TriedRate[]): number | null {
  const { rule, tuning, measures, still } = search;
  // Where the functions themselves are not finite, no rate is of use.
  if (!Number.isFinite(still.sum)) return null;
  const fits = (exponent: number) => rateAt(rule, tuning, exponent) <= maximumRate;
  const half = Math.floor(tuning.points / 2);
  const first = Array.from({ length: tuning.points }, (_, i) => i - half).filter(fits);
  if (tried.length < first.length) return first[tried.length]!;
  if (tried.length >= tuning.points + widestGrowth) return null;
  const { low, high } = endsOf(tried);
  const canGrowUp = fits(high + 1);
  // A step of growth is finished before the edge is judged again.
  if (canGrowUp && (high - first.at(-1)!) % growth !== 0) return high + 1;
  if ((first[0]! - low) % growth !== 0) return low - 1;
  const left = survivors(tried);
  const isBest = (exponent: number, measure: Measure) =>
    bestRates(left, measure).some((rate) => rate.exponent === exponent);
  if (canGrowUp && measures.some((measure) => isBest(high, measure))) return high + 1;
  const isOfUse = (measure: Measure) => left.some(({ scores }) => scores[measure] < still[measure]);
  // Below a rate that stands still there are only more of them.
  const stands = (measure: Measure) => left.some((r) => r.exponent === low && r.scores[measure] === still[measure]);
  const canBeLower = (measure: Measure) => (isBest(low, measure) || !isOfUse(measure)) && !stands(measure);
  return measures.some(canBeLower) ? low - 1 : null;
}

/**
 * The rates of a grid that diverged on no function: every loss is finite, and none lies above its function's first by
 * more than a hundred times the greatest mean fall of a rate of the grid. A constant added to all losses changes
 * neither, nor does a factor change the comparison.
 */
export function survivors<T extends TriedRate>(tried: readonly T[]): T[] {
  const fall = Math.max(...tried.map((rate) => rate.fall));
  return tried.filter(({ rise }) => rise <= divergence * fall);
}

/** Those with the least score; several where they tie. */
export function bestRates<T extends TriedRate>(rates: readonly T[], measure: Measure): T[] {
  const least = Math.min(...rates.map(({ scores }) => scores[measure]));
  return rates.filter(({ scores }) => scores[measure] === least);
}

/** The least and the greatest exponent. */
export function endsOf(tried: readonly TriedRate[]): { low: number; high: number } {
  const exponents = tried.map(({ exponent }) => exponent);
  return { low: Math.min(...exponents), high: Math.max(...exponents) };
}

export function rateAt(rule: RuleSpec, tuning: TuningSpec, exponent: number): number {
  return ruleOf(rule).usualRate * tuning.ratio ** exponent;
}
