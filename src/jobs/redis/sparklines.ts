import type { Redis } from 'ioredis';
import type { Sparkline } from '../../contract/job-summary.js';
import { LossBuckets } from '../../contract/loss-buckets.js';
import { widthFor } from '../../contract/losses.js';
import { toWire } from '../../contract/schema.js';
import { summaryKey } from './keys.js';
import { decodeExtents } from './losses/job-losses.js';
import { readRecords } from './losses/records.js';
import { piecesOf, segmentsOf } from './losses/segments.js';

/** Maximum number of buckets. */
const maxBuckets = 32;

/**
 * The losses of jobs as small curves, in two round trips. From the summaries only: where an attempt resumes within a
 * bucket of their first level, that bucket lacks points; and losses of a worker that made no summary are left out, until
 * someone asks for the losses of that job.
 * @returns in the order of the ids; null for a job without losses.
 */
export async function readSparklines(redis: Redis, jobs: readonly string[]): Promise<(Sparkline | null)[]> {
  const pipeline = redis.pipeline();
  for (const job of jobs) pipeline.hgetallBuffer(summaryKey(job));
  const replies = (await pipeline.exec()) ?? [];
  const plans = jobs.map((job, i) => {
    const [error, hash] = replies[i] as [Error | null, Record<string, Buffer>];
    if (error) throw error;
    return planOf(job, hash);
  });
  const records = plans.flatMap(({ job, pieces }) =>
    pieces.flatMap((piece) => (piece.of === 'buckets' ? [{ job, ...piece }] : [])),
  );
  const read = (await readRecords(redis, records)).values();
  return plans.map(({ width, pieces }) => {
    const curve = new LossBuckets(width);
    for (const piece of pieces) {
      const buckets = piece.of === 'buckets' ? read.next().value! : piece.of === 'open bucket' ? [piece.open] : [];
      for (const bucket of buckets) curve.merge(bucket.iteration, bucket);
    }
    return sparklineOf(curve);
  });
}

function planOf(job: string, hash: Record<string, Buffer>) {
  const extents = decodeExtents(hash);
  const all = [...extents.values()];
  const end = Math.max(0, ...all.map((extent) => extent.end));
  const width = Math.max(widthFor(0, end, maxBuckets), ...all.map(({ base }) => base));
  return { job, width, pieces: segmentsOf(extents, 0, end).flatMap((segment) => piecesOf(segment, width)) };
}

function sparklineOf({ width, byNumber }: LossBuckets): Sparkline | null {
  if (byNumber.size === 0) return null;
  const mean = Array.from({ length: Math.max(...byNumber.keys()) + 1 }, (_, number) => {
    const bucket = byNumber.get(number);
    return bucket ? toWire(roughly(bucket.sum / bucket.finite)) : null;
  });
  return { iterationsPerBucket: width, mean };
}

/** Lists of jobs are sent several times per second, and a small curve needs no more digits. */
function roughly(value: number): number {
  return Number(value.toPrecision(5));
}
