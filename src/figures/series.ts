import type { ComparisonResults, OptimizerResult } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';
import { type Axis, type AxisKind, axisOf } from './axis.js';
import { isLearned } from './rows.js';

/** An optimizer's curve, ready to be drawn. */
export interface Series {
  label: string;
  learned: boolean;
  /** The same for every variant of one rule; 0 for the learned optimizer. Becomes a colour. */
  family: number;
  /** Number of the variant of one rule; 0 for its tuned rate, or the first of several. Becomes a dash pattern. */
  variant: number;
  /** The steps of the values. */
  steps: readonly number[];
  /** Mean loss after each of these steps. */
  mean: number[];
  /** Its quartiles. */
  low: number[];
  high: number[];
}

/** Results do not change, and a long comparison has millions of numbers. */
const known = new WeakMap<ComparisonResults, readonly Series[]>();

/** The series of a comparison, in its order: the learned optimizer first. */
export function toSeries(results: ComparisonResults): readonly Series[] {
  const series = known.get(results) ?? makeSeries(results);
  known.set(results, series);
  return series;
}

function makeSeries(results: ComparisonResults): Series[] {
  const families = new Map<string, number>();
  /** The latest variant of each family; the first tuned rate does not count. */
  const variants = new Map<number, number>();
  const tuned = new Set<number>();
  return results.optimizers.map((optimizer) => {
    const { rule, tuning } = optimizer;
    const family = rule === null ? 0 : (families.get(rule.name) ?? families.size + 1);
    if (rule !== null) families.set(rule.name, family);
    const isMain = rule === null || (tuning !== null && !tuned.has(family));
    if (isMain) tuned.add(family);
    else variants.set(family, (variants.get(family) ?? 0) + 1);
    const variant = isMain ? 0 : variants.get(family)!;
    return {
      label: optimizer.label,
      learned: isLearned(optimizer),
      family,
      variant,
      steps: optimizer.curve.steps ?? optimizer.curve.mean.map((_, t) => t),
      mean: optimizer.curve.mean.map(fromWire),
      low: quantile(optimizer, 0.25),
      high: quantile(optimizer, 0.75),
    };
  });
}

function quantile({ curve }: OptimizerResult, probability: number): number[] {
  return curve.quantiles.find((q) => q.probability === probability)?.values.map(fromWire) ?? [];
}

/** The place of a curve's last value at or before a step. */
export function placeAt({ steps }: Pick<Series, 'steps'>, step: number): number {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (steps[middle]! <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The axis that shows every series. A diverging one leaves the figure far above the highest start. */
export function axisOfSeries<S extends Series>(
  series: readonly S[],
  values: (s: S) => readonly number[] = (s) => s.mean,
  kind: AxisKind = 'log',
): Axis {
  const starts = series.map((s) => s.mean[0] ?? Number.NaN).filter(Number.isFinite);
  const highest = starts.length > 0 ? starts.reduce((a, b) => Math.max(a, b)) : undefined;
  return axisOf(series.flatMap(values), highest, kind);
}
