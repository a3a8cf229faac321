import type { Redis } from 'ioredis';
import type { RawEntry } from './entries.js';
import { recordKey, streamKey } from './keys.js';
import { fromId, type Position, start, toId } from './position.js';

/** Entries a page: at most a few megabytes, an entry of losses being of some tens of kilobytes. */
const pageLength = 64;

export interface StreamPage {
  entries: RawEntry[];
  /** The last entry that has been taken out of the stream, as of the same moment; before every entry if none has. */
  trimmed: Position;
  /** Whether the job is still there. */
  exists: boolean;
}

/** Reads what follows the position. */
export async function readPage(redis: Redis, job: string, after: Position): Promise<StreamPage> {
  const next = toId({ ...after, seq: after.seq + 1 });
  for (;;) {
    const replies = await redis
      .pipeline()
      .hget(recordKey(job), 'trimmed')
      .xrangeBuffer(streamKey(job), next, '+', 'COUNT', pageLength)
      .hmget(recordKey(job), 'trimmed', 'state')
      .exec();
    const [before, entries, [trimmed, state]] = (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    }) as [string | null, RawEntry[], [string | null, string | null]];
    if (before === trimmed) return { entries, trimmed: trimmed ? fromId(trimmed) : start, exists: state !== null };
  }
}
