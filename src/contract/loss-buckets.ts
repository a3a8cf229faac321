import { type LossBucketArrays, ladder } from './losses.js';
import { fromWire, toWire, type WireNumber } from './schema.js';

/** A bucket's summary. `sum`, `min` and `max` are of the finite points; without any, 0, Infinity and -Infinity. */
export interface Bucket {
  count: number;
  finite: number;
  sum: number;
  min: number;
  max: number;
  /** The last point, finite or not. */
  last: number;
}

/**
 * Losses summed up in buckets of `width` consecutive meta-iterations, each of which begins at a multiple of the width.
 * Points and buckets are added in the order of their meta-iterations, or the meaning of `last` is lost.
 */
export class LossBuckets {
  /** By number: bucket n has the meta-iterations [n · width, (n + 1) · width). */
  readonly byNumber = new Map<number, Bucket>();

  /** @param width meta-iterations per bucket, a power of 4 */
  constructor(readonly width: number) {}

  get size(): number {
    return this.byNumber.size;
  }

  /** @param points `perIteration` of each meta-iteration, from `iteration` on */
  add(iteration: number, perIteration: number, points: ArrayLike<WireNumber>): void {
    const { width } = this;
    for (let next = 0; next < points.length; ) {
      const number = Math.floor((iteration + Math.floor(next / perIteration)) / width);
      const end = Math.min(((number + 1) * width - iteration) * perIteration, points.length);
      addPoints(this.at(number), points, next, end);
      next = end;
    }
  }

  /** Adds a summary of later points, to the bucket that contains this meta-iteration. */
  merge(iteration: number, bucket: Bucket): void {
    if (bucket.count > 0) addBucket(this.at(Math.floor(iteration / this.width)), bucket);
  }

  /** Adds later buckets, which must not be wider than these. */
  mergeAll(buckets: LossBucketArrays): void {
    buckets.iteration.forEach((iteration, i) => {
      this.merge(iteration, bucketOf(buckets, i));
    });
  }

  /** The same points in buckets of the ladder's next width. */
  coarser(): LossBuckets {
    const wider = new LossBuckets(this.width * ladder);
    for (const [number, bucket] of this.inOrder()) wider.merge(number * this.width, bucket);
    return wider;
  }

  /** Numbers and buckets, in the order of their meta-iterations. */
  inOrder(): [number, Bucket][] {
    return [...this.byNumber].sort(([a], [b]) => a - b);
  }

  toArrays(): LossBucketArrays {
    const buckets = this.inOrder();
    const column = <T>(of: (bucket: Bucket) => T) => buckets.map(([, bucket]) => of(bucket));
    return {
      iterationsPerBucket: this.width,
      iteration: buckets.map(([number]) => number * this.width),
      count: column(({ count }) => count),
      finite: column(({ finite }) => finite),
      mean: column(({ sum, finite }) => toWire(sum / finite)),
      min: column(({ min, finite }) => (finite > 0 ? min : 'NaN')),
      max: column(({ max, finite }) => (finite > 0 ? max : 'NaN')),
      last: column(({ last }) => toWire(last)),
    };
  }

  private at(number: number): Bucket {
    let bucket = this.byNumber.get(number);
    if (!bucket) {
      bucket = emptyBucket();
      this.byNumber.set(number, bucket);
    }
    return bucket;
  }
}

export function emptyBucket(): Bucket {
  return {
    count: 0,
    finite: 0,
    sum: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    last: Number.NaN,
  };
}

/** Adds the points [from, to), at least one, after those in the bucket. */
export function addPoints(bucket: Bucket, points: ArrayLike<WireNumber>, from: number, to: number): void {
  let { finite, sum, min, max } = bucket;
  for (let i = from; i < to; i++) {
    const point = fromWire(points[i]!);
    if (!Number.isFinite(point)) continue;
    finite += 1;
    sum += point;
    if (point < min) min = point;
    if (point > max) max = point;
  }
  bucket.count += to - from;
  bucket.finite = finite;
  bucket.sum = sum;
  bucket.min = min;
  bucket.max = max;
  bucket.last = fromWire(points[to - 1]!);
}

/** Adds a bucket of later points. */
export function addBucket(bucket: Bucket, { count, finite, sum, min, max, last }: Bucket): void {
  bucket.count += count;
  bucket.finite += finite;
  bucket.sum += sum;
  bucket.min = Math.min(bucket.min, min);
  bucket.max = Math.max(bucket.max, max);
  bucket.last = last;
}

/** Bucket i of parallel arrays. */
export function bucketOf({ count, finite, mean, min, max, last }: LossBucketArrays, i: number): Bucket {
  const some = finite[i]! > 0;
  return {
    count: count[i]!,
    finite: finite[i]!,
    sum: some ? fromWire(mean[i]!) * finite[i]! : 0,
    min: some ? fromWire(min[i]!) : Number.POSITIVE_INFINITY,
    max: some ? fromWire(max[i]!) : Number.NEGATIVE_INFINITY,
    last: fromWire(last[i]!),
  };
}
