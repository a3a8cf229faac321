import type { Redis } from 'ioredis';
import type { ArtifactStore } from '../../artifacts.js';
import { type EntryPoints, pointsWithin, positionOf, storedLosses } from '../entries.js';
import { compare } from '../position.js';
import { jobDeleted } from '../stream-errors.js';
import { readPage } from '../stream-pages.js';
import { lossFiles, readLossFile } from './loss-file.js';

/** Where a job's losses are. */
export interface LossStore {
  readonly redis: Redis;
  readonly artifacts: ArtifactStore;
  readonly job: string;
}

/** Entries per page, which follow the entries' sizes: a narrow range of large entries takes a few of them. */
const pageLength = { first: 1, longest: 64 };
/** Bytes of points per page, about. */
const pageBytes = 1 << 18;

/**
 * An attempt's points of the meta-iterations [from, to), in order, from its artifacts and its stream.
 * @param first seq of an entry that is not after the first of them
 * @param last seq of the last entry to be read; all by default
 * @returns arrays of them, as they are read: at most a few megabytes at a time
 * @throws ApiError `deleted`
 */
export async function* readPoints(
  store: LossStore,
  attempt: number,
  { from, to, first = 1, last = Number.POSITIVE_INFINITY }: { from: number; to: number; first?: number; last?: number },
): AsyncGenerator<EntryPoints[]> {
  const { redis, job } = store;
  let after = first - 1;
  let length = pageLength.first;
  for (;;) {
    const { entries, trimmed, exists } = await readPage(redis, job, { attempt, seq: after }, length);
    if (!exists) throw jobDeleted(job);
    if (compare(trimmed, { attempt, seq: after + 1 }) >= 0) {
      // Entries up to this one have been moved to artifacts, also while the ones before were read.
      const moved = trimmed.attempt === attempt ? trimmed.seq : Number.POSITIVE_INFINITY;
      const done = yield* readFiles(store, attempt, { from, to, after, last: Math.min(moved, last) });
      if (done || moved >= last) return;
      after = moved;
      continue;
    }
    if (entries.length === 0) return;
    const page: EntryPoints[] = [];
    for (const entry of entries) {
      const { attempt: of, seq } = positionOf(entry);
      const losses = of === attempt ? storedLosses(entry) : null;
      if (of !== attempt || seq > last || (losses && losses.iteration >= to)) {
        yield page;
        return;
      }
      after = seq;
      if (losses) page.push(...pointsWithin({ seq, ...losses }, from, to));
    }
    yield page;
    const bytes = page.reduce((sum, { points }) => sum + points.byteLength, 0);
    if (bytes < pageBytes / 2) length = Math.min(2 * length, pageLength.longest);
    else if (bytes > pageBytes) length = Math.max(length / 2, 1);
  }
}

/** The points of the attempt's artifacts whose seq is in (after, last]. @returns whether it has come to `to`. */
async function* readFiles(
  { artifacts, job }: LossStore,
  attempt: number,
  { from, to, after, last }: { from: number; to: number; after: number; last: number },
): AsyncGenerator<EntryPoints[], boolean> {
  const files = lossFiles(await artifacts.list(job)).filter((file) => file.attempt === attempt);
  let latest = after;
  let done = false;
  // After a crash of Redis, the same entries may be moved again, to a file that begins elsewhere.
  const wanted = (seq: number, iteration: number) => {
    done ||= iteration >= to;
    return !done && seq > latest && seq <= last;
  };
  for (const [i, { name, iteration }] of files.entries()) {
    if (iteration >= to) return true;
    const next = files[i + 1];
    if (next && next.iteration < from) continue;
    const file = await artifacts.open(job, name);
    if (file === null) throw jobDeleted(job);
    try {
      for await (const points of readLossFile(file, { from, to }, wanted)) {
        latest = points.at(-1)?.seq ?? latest;
        yield points;
        if (done) return true;
      }
    } finally {
      await file.close();
    }
  }
  return false;
}
