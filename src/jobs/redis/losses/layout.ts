import type { Bucket } from '../../../contract/loss-buckets.js';
import { ladder } from '../../../contract/losses.js';
import type { TrainingSpec } from '../../../contract/training.js';

/**
 * The losses of an attempt are summed up in levels of buckets, each of which is a Redis string: a record per bucket, in
 * the order of their numbers, and zeros for a bucket without points. The buckets of the first level have `base`
 * meta-iterations, and those of each further level `ladder` times as many. Only complete buckets are there, so that they
 * never change; the one with the latest point is in the attempt's extent.
 *
 * A record is little-endian: seq (u32) of the entry with the bucket's first point, count (u32), finite (u32), last
 * (f32), sum (f64), min (f32), max (f32). Only records of the first level have a seq.
 *
 * An extent is base, top, first meta-iteration and one past the last (u32 each), and the record of the open bucket.
 */
export const recordBytes = 32;
const headBytes = 16;
export const extentBytes = headBytes + recordBytes;

/** At most about this many buckets in the first level, however long the job. */
const maxBuckets = 2 ** 19;
/** Points per bucket of the first level: fewer in small jobs, more in long ones. */
const usualPoints = 256;
/** A small job has this many buckets in the first level, if it has as many points. */
const fineBuckets = 2 ** 12;

/** Meta-iterations per bucket, of the first and the last level. */
export interface Levels {
  readonly base: number;
  readonly top: number;
}

export function levelsOf({ iterations, unroll, curriculum }: TrainingSpec): Levels {
  const perIteration = Math.max(unroll, ...curriculum.map((stage) => stage.unroll));
  const points = iterations * perIteration;
  const wanted = Math.max(Math.min(usualPoints, points / fineBuckets), points / maxBuckets);
  let base = 1;
  while (base * perIteration < wanted) base *= ladder;
  let top = base;
  // A record counts up to 2^32 points.
  while (top * ladder <= iterations && top * ladder * perIteration < 2 ** 32) top *= ladder;
  return { base, top };
}

/** A bucket of a level. */
export interface LevelBucket extends Bucket {
  /** First meta-iteration. */
  readonly iteration: number;
  /** Of the entry with its first point; 0 if not known. */
  readonly seq: number;
}

/** What an attempt has: the meta-iterations [first, end), and their sums in levels. Without losses, end is 0. */
export interface Extent extends Levels {
  readonly first: number;
  readonly end: number;
  /** The bucket of the first level with the latest point; null without any. */
  readonly open: LevelBucket | null;
}

/** Writes an extent at the buffer's beginning. */
export function writeExtent(to: Buffer, { base, top, first, end, open }: Extent): void {
  to.writeUInt32LE(base, 0);
  to.writeUInt32LE(top, 4);
  to.writeUInt32LE(first, 8);
  to.writeUInt32LE(end, 12);
  if (open) writeRecord(to, headBytes, open);
  else to.fill(0, headBytes, extentBytes);
}

export function decodeExtent(bytes: Buffer): Extent {
  const [base, top, first, end] = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));
  const [open = null] = decodeBuckets(bytes.subarray(headBytes), openFrom({ base: base!, end: end! }), base!);
  return { base: base!, top: top!, first: first!, end: end!, open };
}

/** First meta-iteration of the open bucket. */
export function openFrom({ base, end }: Pick<Extent, 'base' | 'end'>): number {
  return Math.floor((end - 1) / base) * base;
}

export function writeRecord(to: Buffer, at: number, bucket: LevelBucket): void {
  to.writeUInt32LE(bucket.seq, at);
  to.writeUInt32LE(bucket.count, at + 4);
  to.writeUInt32LE(bucket.finite, at + 8);
  to.writeFloatLE(bucket.last, at + 12);
  to.writeDoubleLE(bucket.sum, at + 16);
  to.writeFloatLE(bucket.min, at + 24);
  to.writeFloatLE(bucket.max, at + 28);
}

/**
 * The buckets with points in consecutive records.
 * @param from first meta-iteration of the first record's bucket
 */
export function decodeBuckets(records: Buffer, from: number, width: number): LevelBucket[] {
  const buckets: LevelBucket[] = [];
  for (let at = 0; at + recordBytes <= records.length; at += recordBytes) {
    const count = records.readUInt32LE(at + 4);
    if (count === 0) continue;
    buckets.push({
      iteration: from + (at / recordBytes) * width,
      seq: records.readUInt32LE(at),
      count,
      finite: records.readUInt32LE(at + 8),
      last: records.readFloatLE(at + 12),
      sum: records.readDoubleLE(at + 16),
      min: records.readFloatLE(at + 24),
      max: records.readFloatLE(at + 28),
    });
  }
  return buckets;
}
