import type { JobSpec } from '../../../contract/spec.js';
import type { TrainingSpec } from '../../../contract/training.js';
import { isOutage } from '../connection.js';
import type { EntryPoints } from '../entries.js';
import { recordKey, summaryKey } from '../keys.js';
import { fromId, type Position, start } from '../position.js';
import { decodeExtent, type Extent } from './layout.js';
import { makeSummary } from './make-summary.js';
import { type LossStore, readPoints } from './points.js';
import { readRecords } from './records.js';
import type { Segment } from './segments.js';

/** The losses of a job at some time. */
export interface JobLosses {
  /** One past the last meta-iteration. */
  readonly end: number;
  /** The last entry of the stream. */
  readonly last: Position;
  /** By attempt. */
  readonly extents: ReadonlyMap<number, Extent>;
}

/** Summaries that are being made, so that no two requests make the same one. */
const making = new Map<string, Promise<void>>();

/**
 * Finds what losses a job has. Attempts that ended under a worker of an earlier version are summed up first.
 * @returns null if there is no such job.
 */
export async function findLosses(store: LossStore): Promise<JobLosses | null> {
  let found = await look(store);
  if (found === null || found.end === 0) return found;
  const ended = found.missing.filter((attempt) => attempt !== found!.running);
  if (ended.length > 0) {
    const { training } = JSON.parse(found.spec) as Extract<JobSpec, { kind: 'metatrain' }>;
    for (const attempt of ended) await sumUp(store, attempt, training);
    found = await look(store);
  }
  if (found === null) return null;
  const { missing, end, last } = found;
  const extents = new Map(found.extents);
  for (const attempt of missing) extents.set(attempt, await scan(store, attempt, last));
  return { end, last, extents };
}

/** What the summary and the record say at one time. A full Redis would refuse a transaction. */
async function look({ redis, job }: LossStore) {
  for (;;) {
    const replies = await redis
      .pipeline()
      .hget(recordKey(job), 'last')
      .hgetallBuffer(summaryKey(job))
      .hmget(recordKey(job), 'last', 'attempt', 'lossEnd', 'holder', 'spec')
      .exec();
    const [before, hash, [last, attempt, lossEnd, holder, spec]] = (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    }) as [string | null, Record<string, Buffer>, (string | null)[]];
    if (before !== last) continue;
    if (!attempt || !spec) return null;
    const extents = decodeExtents(hash);
    const attempts = Array.from({ length: Number(attempt) }, (_, i) => i + 1);
    return {
      end: Number(lossEnd ?? 0),
      last: last ? fromId(last) : start,
      extents,
      spec,
      /** The attempt that is running, perhaps. */
      running: holder ? Number(attempt) : null,
      /** Attempts that are not summed up. */
      missing: attempts.filter((number) => !extents.has(number)),
    };
  }
}

/** The extents in a job's summary, which has a field for each attempt that is summed up, also for one without losses. */
export function decodeExtents(hash: Readonly<Record<string, Buffer>>): Map<number, Extent> {
  return new Map(Object.entries(hash).map(([attempt, extent]) => [Number(attempt), decodeExtent(extent)]));
}

/** Makes the summary of an attempt, unless Redis is full. */
async function sumUp(store: LossStore, attempt: number, training: TrainingSpec): Promise<void> {
  const key = `${store.job} ${attempt}`;
  let made = making.get(key);
  if (!made) {
    made = makeSummary(store, attempt, training).finally(() => making.delete(key));
    making.set(key, made);
  }
  await made.catch((error) => {
    if (!isOutage(error)) throw error;
  });
}

/** The extent of an attempt without a summary, up to this entry: its points are read instead. */
async function scan(store: LossStore, attempt: number, upTo: Position): Promise<Extent> {
  const all = Number.POSITIVE_INFINITY;
  const last = attempt === upTo.attempt ? upTo.seq : all;
  let [first, end] = [all, 0];
  for await (const page of readPoints(store, attempt, { from: 0, to: all, last }))
    for (const { iteration, perIteration, points } of page) {
      first = Math.min(first, iteration);
      end = Math.max(end, iteration + Math.ceil(points.length / perIteration));
    }
  return { base: all, top: all, first, end, open: null };
}

/** The points of a part of an attempt, in order. */
export async function* pointsOf(store: LossStore, segment: Segment): AsyncGenerator<EntryPoints[]> {
  const { attempt, from, to } = segment;
  yield* readPoints(store, attempt, { from, to, first: await firstEntry(store, segment) });
}

/** The seq of an entry at or before the one with the segment's first point. */
async function firstEntry({ redis, job }: LossStore, { attempt, extent, from }: Segment): Promise<number> {
  const { base, open } = extent;
  if (open === null) return 1;
  if (from >= open.iteration) return open.seq;
  const start = Math.floor(from / base) * base;
  const [buckets] = await readRecords(redis, [{ job, attempt, width: base, from: start, to: start + base }]);
  return buckets?.[0]?.seq ?? 1;
}
