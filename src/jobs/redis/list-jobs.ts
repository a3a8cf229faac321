import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import type { JobsQuery } from '../../contract/queries.js';
import { isJobId } from '../ids.js';
import { indexKey, recordKey } from './keys.js';
import { countFitting } from './page.js';
import type { JobRecord } from './record.js';

/** A page of records, newest first, and the cursor of the next page: the last id of this one. */
export async function listJobs(
  redis: Redis,
  { state, label, cursor, limit }: Omit<JobsQuery, 'fields'>,
): Promise<{ records: [string, JobRecord][]; next: string | null }> {
  if (cursor !== undefined && !isJobId(cursor))
    throw new ApiError(
      'invalid-cursor',
      `cursor ${JSON.stringify(cursor.slice(0, 80))}: expected the "next" of a previous page.`,
    );
  const last = cursor === undefined ? '+' : `(${cursor}`;
  // One more than the page, to know whether another follows.
  const ids = await redis.zrevrangebylex(indexKey(state, label), last, '-', 'LIMIT', 0, limit + 1);
  const page = ids.slice(0, limit);
  const pipeline = redis.pipeline();
  for (const id of page) pipeline.hgetall(recordKey(id));
  const replies = (await pipeline.exec()) ?? [];
  const found = page.map((id, i): [string, JobRecord] => [id, (replies[i]?.[1] ?? {}) as JobRecord]);
  const records = found.slice(0, countFitting(found.map(([, { spec }]) => spec?.length ?? 0)));
  return {
    // Records may have been deleted meanwhile.
    records: records.filter(([, record]) => record.state !== undefined),
    next: ids.length > records.length ? records.at(-1)![0] : null,
  };
}
