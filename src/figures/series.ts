import type { ComparisonResults, OptimizerResult } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';

/** An optimizer's curve, ready to be drawn. */
export interface Series {
  label: string;
  learned: boolean;
  /** The same for every variant of one rule; 0 for the learned optimizer. Becomes a colour. */
  family: number;
  /** Tells the variants of one rule apart, 0 for its tuned rate, or the first of several. Becomes a dash pattern. */
  variant: number;
  /** Mean loss after step t, t = 0 … steps. */
  mean: number[];
  /** The quartiles of the same. */
  low: number[];
  high: number[];
}

/** The series of a comparison, in its order: the learned optimizer first. */
export function toSeries(results: ComparisonResults): Series[] {
  const families = new Map<string, number>();
  /** The last of each family's variants; the first tuned rate is none. */
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
      learned: optimizer.rule === null,
      family,
      variant,
      mean: optimizer.curve.mean.map(fromWire),
      low: quantile(optimizer, 0.25),
      high: quantile(optimizer, 0.75),
    };
  });
}

function quantile({ curve }: OptimizerResult, probability: number): number[] {
  return curve.quantiles.find((q) => q.probability === probability)?.values.map(fromWire) ?? [];
}

/** A logarithmic axis of losses. */
export interface LogAxis {
  /** log10 of the ends. */
  low: number;
  high: number;
  /** Losses to be marked, rising: powers of ten, and their doubles and quintuples where the axis is short. */
  ticks: number[];
}

/**
 * The range that shows every series. A series that diverges leaves the picture at ten times the highest starting
 * loss, and what falls below 1e-12 of it leaves at the bottom, so that neither flattens all others.
 */
export function logAxis(series: readonly Series[], values = (s: Series) => s.mean): LogAxis {
  const drawable = series.flatMap(values).filter(isDrawable);
  if (drawable.length === 0) return { low: -1, high: 1, ticks: [0.1, 1, 10] };
  const starts = series.map((s) => s.mean[0] ?? Number.NaN).filter(isDrawable);
  const start = starts.length > 0 ? starts.reduce((a, b) => Math.max(a, b)) : Number.POSITIVE_INFINITY;
  const top = Math.min(
    drawable.reduce((a, b) => Math.max(a, b)),
    10 * start,
  );
  const bottom = Math.max(
    drawable.reduce((a, b) => Math.min(a, b)),
    1e-12 * top,
  );
  return logAxisBetween(bottom, top);
}

/** An axis that shows both values, with a margin. */
export function logAxisBetween(bottom: number, top: number): LogAxis {
  const [high, low] = [Math.log10(top), Math.log10(bottom)];
  const margin = Math.max(0.05 * (high - low), 0.02);
  const ends = { low: low - margin, high: high + margin };
  return { ...ends, ticks: ticksBetween(ends.low, ends.high) };
}

function ticksBetween(low: number, high: number): number[] {
  const exponents = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const within = (mantissas: number[]) =>
    exponents
      .flatMap((exponent) => mantissas.map((m) => Number(`${m}e${exponent}`)))
      .filter((loss) => Math.log10(loss) >= low && Math.log10(loss) <= high);
  const decades = within([1]);
  if (decades.length >= 3) return decades;
  const finer = within([1, 2, 5]);
  return finer.length >= 2 ? finer : [10 ** low, 10 ** high].map((loss) => Number(loss.toPrecision(3)));
}

/** How a tick is written: "0.01", "1e-5". */
export function formatTick(loss: number): string {
  return loss >= 1e-3 && loss < 1e5 ? String(loss) : loss.toExponential().replace('e+', 'e');
}

/** A loss of 0 or a non-finite one has no place on a logarithmic axis. */
export function isDrawable(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}

/**
 * Where a loss lies on the axis: 0 at its low end, 1 at its high end, -1 and 2 where it has left the picture for good;
 * null where it has no place.
 */
export function position(axis: LogAxis, value: number): number | null {
  if (value === 0) return -1;
  if (value === Number.POSITIVE_INFINITY) return 2;
  if (!isDrawable(value)) return null;
  return Math.min(2, Math.max(-1, (Math.log10(value) - axis.low) / (axis.high - axis.low)));
}

/** An axis that shows every value that can be drawn. */
export function axisOf(values: readonly number[]): LogAxis {
  const drawable = values.filter(isDrawable);
  if (drawable.length === 0) return { low: -1, high: 1, ticks: [0.1, 1, 10] };
  return logAxisBetween(
    drawable.reduce((a, b) => Math.min(a, b)),
    drawable.reduce((a, b) => Math.max(a, b)),
  );
}
