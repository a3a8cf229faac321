import { formatCount, formatLoss } from '../../figures/numbers.js';
import type { Curve } from './curve.js';
import type { Plot } from './plot.js';

/** What a chart shows, in words and numbers. */

/** For example "20,000 points in 500 buckets of 4 meta-iterations". */
export function extent({ count, width, x, marked }: Curve): string {
  const points = count.reduce((a, b) => a + b, 0);
  if (points === 0) return 'no points yet';
  if (marked) return `${formatCount(points)} ${points === 1 ? 'point' : 'points'}`;
  const each = width === 1 ? 'a meta-iteration each' : `${formatCount(width)} meta-iterations each`;
  return `${formatCount(points)} points in ${formatCount(x.length)} ${x.length === 1 ? 'bucket' : 'buckets'} of ${each}`;
}

/** One line for a screen reader. */
export function summary(curve: Curve): string {
  if (curve.x.length === 0) return `${curve.label}: no points yet.`;
  const known = curve.mean.flatMap((mean, i) => (Number.isFinite(mean) ? [i] : []));
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return `${curve.label}: ${extent(curve)}, none of them finite.`;
  const lowest = known.reduce((a, b) => (curve.mean[b]! < curve.mean[a]! ? b : a));
  const missing = curve.count.reduce((sum, count, i) => sum + count - curve.finite[i]!, 0);
  const where = formatCount(Math.round(curve.x[lowest]!));
  return [
    `${curve.label}: ${extent(curve)}, from ${formatLoss(curve.mean[first]!)} to ${formatLoss(curve.mean[last]!)},`,
    `lowest ${formatLoss(curve.mean[lowest]!)} at meta-iteration ${where}${missing > 0 ? `; ${formatCount(missing)} not finite` : ''}.`,
  ].join(' ');
}

/** What the axis cannot show; empty if it shows everything. */
export function leftOut({ curves, range, marks }: Plot): string[] {
  const notFinite = curves.reduce(
    (sum, { curve }) => sum + curve.count.reduce((all, count, i) => all + count - curve.finite[i]!, 0),
    0,
  );
  const below = marks.filter(({ edge }) => edge === 'bottom').length;
  return [
    ...(notFinite > 0 ? [`▲ ${formatCount(notFinite)} not finite`] : []),
    ...(below > 0 ? [`▼ 0 or below in ${formatCount(below)} ${below === 1 ? 'bucket' : 'buckets'}`] : []),
    ...(range.outside > 0 ? [`${formatCount(range.outside)} outliers outside`] : []),
  ];
}

/** The bucket nearest to x; -1 without any. */
export function nearest({ x }: Curve, at: number): number {
  const after = x.findIndex((value) => value >= at);
  if (after <= 0) return after === 0 ? 0 : x.length - 1;
  return x[after]! - at < at - x[after - 1]! ? after : after - 1;
}

/** The meta-iterations of a bucket: "1,200–1,215". */
export function iterationsOf({ x, width }: Curve, i: number): string {
  const first = x[i]! - (width - 1) / 2;
  return width === 1 ? formatCount(first) : `${formatCount(first)}–${formatCount(first + width - 1)}`;
}
