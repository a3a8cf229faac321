import type { Redis } from 'ioredis';
import type { RawEntry } from './entries.js';
import { recordKey, streamKey } from './keys.js';
import { fromId, type Position, start, toId } from './position.js';

/** Entries per page: at most a few megabytes, since an entry of losses has some tens of kilobytes. */
const pageLength = 64;

export interface StreamPage {
  entries: RawEntry[];
  /** The last entry removed from the stream, at the time of reading; before every entry if none was. */
  trimmed: Position;
  /** Whether the job still exists. */
  exists: boolean;
}

/** Reads entries after the position, at most `count`. */
export async function readPage(
  redis: Redis,
  job: string,
  after: Position,
  count: number = pageLength,
): Promise<StreamPage> {
  const next = toId({ ...after, seq: after.seq + 1 });
  for (;;) {
    const replies = await redis
      .pipeline()
      .hget(recordKey(job), 'trimmed')
      .xrangeBuffer(streamKey(job), next, '+', 'COUNT', count)
      .hmget(recordKey(job), 'trimmed', 'state')
      .exec();
    const [before, entries, [trimmed, state]] = (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    }) as [string | null, RawEntry[], [string | null, string | null]];
    if (before === trimmed) return { entries, trimmed: trimmed ? fromId(trimmed) : start, exists: state !== null };
  }
}
