import type { Redis } from 'ioredis';
import type { LossSeries } from '../../contract/losses.js';
import type { Asked, LossesQuery } from '../../contract/queries.js';
import type { ArtifactStore } from '../artifacts.js';
import { decodeLosses, positionOf, type RawEntry } from './entries.js';
import { streamKey } from './keys.js';
import { LossSum } from './loss-buckets.js';
import { decodeLossFile, type LossBlock, type LossFile, lossFiles } from './loss-file.js';
import { type Position, start, toCursor } from './position.js';

const pageLength = 64;

/**
 * The losses of a job, from its stream and its artifacts. A meta-iteration's points are those of the latest attempt
 * that has any.
 * @param lossEnd one past the last meta-iteration with a loss.
 */
export async function readLosses(
  redis: Redis,
  artifacts: ArtifactStore,
  job: string,
  { attempts, lossEnd }: { attempts: number; lossEnd: number },
  query: Asked<LossesQuery>,
): Promise<LossSeries> {
  const buckets = new LossSum(query.from ?? 0, Math.min(query.to ?? lossEnd, lossEnd), lossEnd, query.points ?? 1000);
  let cursor: Position | null = null;
  for (let attempt = attempts; attempt >= 1; attempt--) {
    const seen = new Seen();
    let last: Position | null = null;
    for await (const entry of streamOf(redis, job, attempt)) {
      const position = positionOf(entry);
      const losses = decodeLosses(entry);
      // Appended since the end was read: left to the stream.
      if (losses && !buckets.isKnown(losses)) break;
      seen.add(position.seq);
      last = position;
      if (losses) buckets.add(losses);
    }
    cursor ??= last;
    // Read after the stream, so that points that move meanwhile are in both, not in neither.
    const files = lossFiles(await artifacts.list(job)).filter((file) => file.attempt === attempt);
    for (const file of files.filter((file, i) => overlaps(file, files[i + 1], buckets)))
      for (const block of await readFile(artifacts, job, file))
        if (!seen.has(block.seq)) {
          seen.add(block.seq);
          buckets.add(block);
        }
    buckets.closeAttempt();
  }
  return buckets.series(toCursor(cursor ?? start));
}

function overlaps(file: LossFile, next: LossFile | undefined, { from, to }: LossSum): boolean {
  return file.iteration < to && (next === undefined || next.iteration >= from);
}

async function readFile(artifacts: ArtifactStore, job: string, { name }: LossFile): Promise<Iterable<LossBlock>> {
  const bytes = await artifacts.read(job, name);
  return bytes ? decodeLossFile(bytes) : [];
}

async function* streamOf(redis: Redis, job: string, attempt: number): AsyncGenerator<RawEntry> {
  for (let next = 0; ; ) {
    const page = await redis.xrangeBuffer(
      streamKey(job),
      `${attempt}-${next}`,
      `${attempt}-18446744073709551615`,
      'COUNT',
      pageLength,
    );
    const entries = page as RawEntry[];
    yield* entries;
    const last = entries.at(-1);
    if (!last) return;
    next = positionOf(last).seq + 1;
  }
}

/** A set of numbers added mostly in order, as inclusive ranges. */
class Seen {
  private readonly ranges: [number, number][] = [];

  add(seq: number): void {
    const open = this.ranges.at(-1);
    if (open && open[1] === seq - 1) open[1] = seq;
    else this.ranges.push([seq, seq]);
  }

  has(seq: number): boolean {
    return this.ranges.some(([first, last]) => first <= seq && seq <= last);
  }
}
