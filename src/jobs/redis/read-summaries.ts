import type { Redis } from 'ioredis';
import type { JobSummary } from '../../contract/job-summary.js';
import type { JobSpec } from '../../contract/spec.js';
import { summarised, summaryFields, toSummary } from './job-summary.js';
import { recordKey } from './keys.js';
import type { JobRecord } from './record.js';
import { repliesOf } from './replies.js';
import { readSparklines } from './sparklines.js';

/** The summaries of jobs; null for those that do not exist. */
export async function readSummaries(redis: Redis, ids: readonly string[]): Promise<(JobSummary | null)[]> {
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hmget(recordKey(id), ...summarised);
  const [replies, sparklines] = await Promise.all([repliesOf<(string | null)[]>(pipeline), readSparklines(redis, ids)]);
  return Promise.all(
    ids.map(async (id, i) => {
      const values = replies[i]!;
      const given = summarised.flatMap((field, f) => (values[f] === null ? [] : [[field, values[f]]]));
      const record: JobRecord = Object.fromEntries(given);
      if (record.state === undefined) return null;
      if (record.head === undefined) {
        // Of an earlier version, and not yet in the new indices.
        const document = await redis.hget(recordKey(id), 'spec');
        if (document === null) return null;
        Object.assign(record, summaryFields(JSON.parse(document) as JobSpec));
      }
      return toSummary(id, record, sparklines[i]!);
    }),
  );
}
