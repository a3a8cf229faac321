import { LossBuckets } from '../../../contract/loss-buckets.js';
import { type LossSeries, widthFor } from '../../../contract/losses.js';
import type { Asked, LossesQuery } from '../../../contract/queries.js';
import type { LossPoints } from '../../jobs.js';
import { toCursor } from '../position.js';
import { findLosses, pointsOf } from './job-losses.js';
import type { LossStore } from './points.js';
import { readRecords } from './records.js';
import { piecesOf, type Segment, segmentsOf } from './segments.js';

/**
 * The losses of a job in buckets. A meta-iteration's points are those of the latest attempt that has any.
 * @returns null if there is no such job.
 */
export async function readLosses(store: LossStore, query: Asked<LossesQuery>): Promise<LossSeries | null> {
  const losses = await findLosses(store);
  if (losses === null) return null;
  const { end, extents, last } = losses;
  const asked = { from: query.from ?? 0, to: Math.min(query.to ?? end, end) };
  const width = widthFor(asked.from, Math.max(asked.from, asked.to), query.points ?? 1000);
  const from = Math.floor(asked.from / width) * width;
  const to = Math.max(from, Math.min(Math.ceil(asked.to / width) * width, end));
  const buckets = await sumUp(store, segmentsOf(extents, from, to), width);
  return { from, to, ...buckets.toArrays(), cursor: toCursor(last) };
}

/**
 * Every point of the meta-iterations [from, to), in order, by the latest attempt that has each of them.
 * @returns null if there is no such job.
 */
export async function readEveryPoint(
  store: LossStore,
  { from = 0, to }: Asked<Pick<LossesQuery, 'from' | 'to'>>,
): Promise<AsyncIterable<LossPoints> | null> {
  const losses = await findLosses(store);
  if (losses === null) return null;
  return everyPoint(store, segmentsOf(losses.extents, from, Math.min(to ?? losses.end, losses.end)));
}

async function* everyPoint(store: LossStore, segments: readonly Segment[]): AsyncGenerator<LossPoints> {
  for (const segment of segments) for await (const page of pointsOf(store, segment)) yield* page;
}

async function sumUp(store: LossStore, segments: readonly Segment[], width: number): Promise<LossBuckets> {
  const { redis, job } = store;
  const pieces = segments.flatMap((segment) => piecesOf(segment, width));
  const records = pieces.flatMap((piece) => (piece.of === 'buckets' ? [{ job, ...piece }] : []));
  const read = (await readRecords(redis, records)).values();
  const sum = new LossBuckets(width);
  for (const piece of pieces) {
    if (piece.of === 'points') {
      for await (const page of pointsOf(store, piece))
        for (const { iteration, perIteration, points } of page) sum.add(iteration, perIteration, points);
      continue;
    }
    const buckets = piece.of === 'buckets' ? read.next().value! : [piece.open];
    for (const bucket of buckets) sum.merge(bucket.iteration, bucket);
  }
  return sum;
}
