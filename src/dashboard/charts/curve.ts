import { LossBuckets } from '../../contract/loss-buckets.js';
import { widthFor } from '../../contract/losses.js';
import { toWire } from '../../contract/schema.js';

/** A curve of summaries: element i of each array is of bucket i, in the order of x. */
export interface Curve {
  readonly id: string;
  readonly label: string;
  readonly stroke: Stroke;
  /** Meta-iterations per bucket; 1 for single values. */
  readonly width: number;
  /** The middle of each bucket. */
  readonly x: readonly number[];
  /** Of the finite points; NaN if there are none, as `low` and `high`. */
  readonly mean: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** The last point of each bucket, finite or not. */
  readonly last: readonly number[];
  /** Points in the bucket, and those that are finite. */
  readonly count: readonly number[];
  readonly finite: readonly number[];
  /** Drawn as marks of single measurements, such as validations, and not smoothed. */
  readonly marked: boolean;
  /** Whether `low` and `high` are over seeds: then the band is what the curve is drawn for. */
  readonly overSeeds: boolean;
  /** The element that is marked as the best; -1 for none. */
  readonly best: number;
}

/** The look of a curve: numbers in the palette and in the list of dashes. */
export interface Stroke {
  readonly colour: number;
  readonly dash: number;
}

type Name = Pick<Curve, 'id' | 'label' | 'stroke'>;

/** The curve of buckets of losses. */
export function bucketCurve(buckets: LossBuckets, name: Name): Curve {
  const { width } = buckets;
  const all = buckets.inOrder();
  const of = (value: (bucket: (typeof all)[number][1]) => number) => all.map(([, bucket]) => value(bucket));
  return {
    ...name,
    width,
    x: all.map(([number]) => number * width + (width - 1) / 2),
    mean: of(({ sum, finite }) => sum / finite),
    low: of(({ min, finite }) => (finite > 0 ? min : Number.NaN)),
    high: of(({ max, finite }) => (finite > 0 ? max : Number.NaN)),
    last: of(({ last }) => last),
    count: of(({ count }) => count),
    finite: of(({ finite }) => finite),
    marked: false,
    overSeeds: false,
    best: -1,
  };
}

/** Single measurements that are drawn as such; more are summed up in buckets. */
const mostPoints = 1000;

/** A curve of single measurements at whole numbers, in the order of x. */
export function pointCurve(points: readonly { x: number; y: number; best?: boolean }[], name: Name): Curve {
  if (points.length > mostPoints) return summedPoints(points, name);
  const y = points.map((point) => point.y);
  return {
    ...name,
    width: 1,
    x: points.map(({ x }) => x),
    mean: y,
    low: y,
    high: y,
    last: y,
    count: y.map(() => 1),
    finite: y.map((value) => (Number.isFinite(value) ? 1 : 0)),
    marked: true,
    overSeeds: false,
    best: points.findLastIndex(({ best }) => best),
  };
}

function summedPoints(points: readonly { x: number; y: number; best?: boolean }[], name: Name): Curve {
  const buckets = new LossBuckets(widthFor(points[0]!.x, points.at(-1)!.x + 1, mostPoints));
  for (const { x, y } of points) buckets.add(x, 1, [toWire(y)]);
  const best = points.findLast((point) => point.best);
  const curve = bucketCurve(buckets, name);
  const { width } = buckets;
  const at = best ? curve.x.findIndex((x) => Math.floor(x / width) === Math.floor(best.x / width)) : -1;
  return { ...curve, marked: true, best: at };
}

/** The part of a curve within [from, to], and one element on either side, so that lines reach the edge. */
export function within(curve: Curve, from: number, to: number): Curve {
  const first = curve.x.findIndex((x) => x >= from);
  const after = curve.x.findLastIndex((x) => x <= to);
  if (first < 0 || after < 0) return sliced(curve, 0, 0);
  return sliced(curve, Math.max(0, first - 1), after + 2);
}

function sliced(curve: Curve, start: number, end: number): Curve {
  const { x, mean, low, high, last, count, finite, best } = curve;
  const cut = (values: readonly number[]) => values.slice(start, end);
  return {
    ...curve,
    x: cut(x),
    mean: cut(mean),
    low: cut(low),
    high: cut(high),
    last: cut(last),
    count: cut(count),
    finite: cut(finite),
    best: best >= start && best < end ? best - start : -1,
  };
}
