import type { Redis } from 'ioredis';
import type { JobSummary } from '../../contract/job-summary.js';
import type { JobsQuery } from '../../contract/queries.js';
import { findJobs } from './find-jobs.js';
import { recordKey } from './keys.js';
import { countFitting } from './page.js';
import { readSummaries } from './read-summaries.js';
import type { JobRecord } from './record.js';
import { repliesOf } from './replies.js';

/** A page of a list, newest first, and the cursor of the next one. Jobs deleted meanwhile are left out. */
interface Page<T> {
  jobs: T[];
  next: string | null;
}

export async function listRecords(redis: Redis, query: Omit<JobsQuery, 'fields'>): Promise<Page<[string, JobRecord]>> {
  const { ids, next } = await findJobs(redis, query);
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hgetall(recordKey(id));
  const records = await repliesOf<JobRecord>(pipeline);
  const count = countFitting(records.map(({ spec }) => spec?.length ?? 0));
  const jobs = ids.slice(0, count).map((id, i): [string, JobRecord] => [id, records[i]!]);
  return {
    jobs: jobs.filter(([, { state }]) => state !== undefined),
    next: count < ids.length ? ids[count - 1]! : next,
  };
}

export async function listSummaries(redis: Redis, query: Omit<JobsQuery, 'fields'>): Promise<Page<JobSummary>> {
  const { ids, next } = await findJobs(redis, query);
  const summaries = await readSummaries(redis, ids);
  return { jobs: summaries.filter((summary) => summary !== null), next };
}
