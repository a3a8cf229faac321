import type { TuningSpec } from '../../contract/comparison.js';
import type { Measure } from '../../contract/measures.js';
import { maximumRate } from '../../contract/optimizers.js';
import { widestGrowth } from '../../contract/result-size.js';
import type { Measured } from '../optimise/measures.js';
import type { Outcome } from './trial.js';

/** A rate that was tried, usual rate × ratio^exponent, and its outcome. */
export interface TriedRate extends Outcome {
  exponent: number;
}

/** Inputs of the search for a grid's best rate, besides the rates tried. */
export interface Search {
  /** The rate that the grid is around. */
  readonly usualRate: number;
  readonly tuning: TuningSpec;
  /** The measures that distinguish rates. */
  readonly measures: readonly Measure[];
  /** The scores of standing still. */
  readonly still: Measured<number>;
}

/** Rates added at a time if the best one is at the edge. */
const growth = 4;

/** A rate diverged if some function rose by more than this many times the maximum mean fall. */
const divergence = 100;

/**
 * The exponent to try next; null if the best rate for every measure is inside the grid, or no better one is expected.
 * The grid starts around the usual rate and grows on the side where a best rate is at the edge; downwards also
 * if none does better than standing still.
 */
export function nextExponent(search: Search, tried: readonly TriedRate[]): number | null {
  const { usualRate, tuning, measures, still } = search;
  // If the functions themselves are not finite, no rate helps.
  if (!Number.isFinite(still.sum)) return null;
  const fits = (exponent: number) => rateAt(usualRate, tuning, exponent) <= maximumRate;
  const half = Math.floor(tuning.points / 2);
  const first = Array.from({ length: tuning.points }, (_, i) => i - half).filter(fits);
  if (tried.length < first.length) return first[tried.length]!;
  if (tried.length >= tuning.points + widestGrowth) return null;
  const { low, high } = endsOf(tried);
  const canGrowUp = fits(high + 1);
  // Finish this step of growth before judging the edge again.
  if (canGrowUp && (high - first.at(-1)!) % growth !== 0) return high + 1;
  if ((first[0]! - low) % growth !== 0) return low - 1;
  const left = survivors(tried);
  const isBest = (exponent: number, measure: Measure) =>
    bestRates(left, measure).some((rate) => rate.exponent === exponent);
  if (canGrowUp && measures.some((measure) => isBest(high, measure))) return high + 1;
  const beatsStill = (measure: Measure) => left.some(({ scores }) => scores[measure] < still[measure]);
  // Below a rate that stands still, all rates do.
  const standsStill = (measure: Measure) =>
    left.some((r) => r.exponent === low && r.scores[measure] === still[measure]);
  const canBeLower = (measure: Measure) => (isBest(low, measure) || !beatsStill(measure)) && !standsStill(measure);
  return measures.some(canBeLower) ? low - 1 : null;
}

/**
 * The rates of a grid that diverged on no function: every loss is finite, and none exceeds its function's first by more
 * than a hundred times the maximum mean fall of a rate of the grid. Shifting or scaling all losses changes nothing.
 */
export function survivors<T extends TriedRate>(tried: readonly T[]): T[] {
  const fall = Math.max(...tried.map((rate) => rate.fall));
  return tried.filter(({ rise }) => rise <= divergence * fall);
}

/** The rates with the minimum score; several if they tie. */
export function bestRates<T extends TriedRate>(rates: readonly T[], measure: Measure): T[] {
  const minimum = Math.min(...rates.map(({ scores }) => scores[measure]));
  return rates.filter(({ scores }) => scores[measure] === minimum);
}

/** The minimum and maximum exponent. */
export function endsOf(tried: readonly TriedRate[]): { low: number; high: number } {
  const exponents = tried.map(({ exponent }) => exponent);
  return { low: Math.min(...exponents), high: Math.max(...exponents) };
}

export function rateAt(usualRate: number, tuning: TuningSpec, exponent: number): number {
  return usualRate * tuning.ratio ** exponent;
}
