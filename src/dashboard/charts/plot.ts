import { type Curve, within } from './curve.js';
import { smoothed } from './smoothing.js';
import { type YRange, yRange } from './y-range.js';
import { type ScaleKind, type YScale, yScale } from './y-scale.js';

/** How curves are looked at; everything of it is in the page's address. */
export interface View {
  readonly scale: ScaleKind;
  /** Meta-iterations over which curves are smoothed; 0 for none. */
  readonly smoothing: number;
  /** Whether outliers are shown, even if they flatten the rest. */
  readonly fitAll: boolean;
  /** Whether the minimum and maximum of each bucket are drawn, as a band. */
  readonly band: boolean;
  /** The stretch of x that is drawn. */
  readonly from: number;
  readonly to: number;
}

/** A place at the edge of the plot for values that the axis cannot show. */
export interface EdgeMark {
  readonly curve: number;
  readonly x: number;
  /** "top": some points are not finite; "bottom": some are 0 or below on a log axis. */
  readonly edge: 'top' | 'bottom';
}

/** A column of places over the joint x: null is a gap in the line, undefined a place that another curve has. */
export type Column = (number | null | undefined)[];

/** One curve on the joint x. */
export interface PlottedCurve {
  readonly curve: Curve;
  readonly line: Column;
  /** The line without smoothing; null without smoothing. */
  readonly raw: Column | null;
  readonly low: Column;
  readonly high: Column;
}

/** What a chart draws: places on a linear axis. */
export interface Plot {
  readonly view: View;
  readonly scale: YScale;
  readonly range: YRange;
  readonly x: readonly number[];
  readonly curves: readonly PlottedCurve[];
  readonly marks: readonly EdgeMark[];
}

export function plotOf(all: readonly Curve[], view: View): Plot {
  // Smoothed before the cut, or a curve would change with the stretch that is drawn.
  const lines = all.map((curve) => smoothed(curve.x, curve.mean, curve.marked ? 0 : view.smoothing));
  const visible = all.map(
    (curve, i) =>
      [within(curve, view.from, view.to), within({ ...curve, mean: lines[i]! }, view.from, view.to)] as const,
  );
  const curves = visible.map(([curve]) => curve);
  const scale = yScale(
    view.scale,
    curves.flatMap(({ mean }) => mean),
  );
  const x = joint(curves);
  const onX = (curve: Curve, values: readonly number[]) =>
    aligned(
      x,
      curve.x,
      values.map((value) => scale.place(value)),
    );
  const plotted = visible.map(([curve, line]): PlottedCurve => {
    const low = onX(curve, curve.low);
    return {
      curve,
      line: onX(curve, line.mean),
      raw: view.smoothing > 0 && !curve.marked ? onX(curve, curve.mean) : null,
      low,
      high: onX(curve, curve.high),
    };
  });
  const places = plotted.flatMap(({ line, low, high, curve }) => [
    ...line,
    ...(hasBand(curve, view) ? [...low, ...high] : []),
  ]);
  const range = yRange(
    places.filter((place) => place !== null && place !== undefined),
    view.fitAll,
  );
  // A band whose minimum has no place reaches down to the edge.
  const floor = range.low - (range.high - range.low);
  const down = plotted.map((one) => ({
    ...one,
    low: one.low.map((place, i) => (place === null && typeof one.high[i] === 'number' ? floor : place)),
  }));
  return { view, scale, range, x, curves: down, marks: curves.flatMap((curve, i) => marksOf(curve, i, scale)) };
}

/** Whether the curve is drawn with a band between its minimum and its maximum. */
export function hasBand({ marked, overSeeds }: Curve, { band }: View): boolean {
  return overSeeds || (band && !marked);
}

function marksOf(curve: Curve, number: number, scale: YScale): EdgeMark[] {
  return curve.x.flatMap((x, i) => {
    const marks: EdgeMark[] = [];
    if (curve.finite[i]! < curve.count[i]!) marks.push({ curve: number, x, edge: 'top' });
    if (curve.finite[i]! > 0 && scale.place(curve.low[i]!) === null) marks.push({ curve: number, x, edge: 'bottom' });
    return marks;
  });
}

/** Every x of some curve, once. */
function joint(curves: readonly Curve[]): number[] {
  if (curves.length === 1) return [...curves[0]!.x];
  return [...new Set(curves.flatMap(({ x }) => x))].sort((a, b) => a - b);
}

/** @param at ascending, and part of x */
function aligned(x: readonly number[], at: readonly number[], places: readonly (number | null)[]): Column {
  if (x.length === at.length) return [...places];
  let next = 0;
  return x.map((value) => (at[next] === value ? places[next++]! : undefined));
}
