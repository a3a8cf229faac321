import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { isJobId } from '../ids.js';
import { type QueueEntry, queueName, queuePrefix } from '../queue.js';
import { indexKey, recordKey } from './keys.js';

/** Records a page. */
const pageLength = 500;

/** Adds an entry for the job; one with this id that is there already stays as it is. */
export async function enterQueue(queue: Queue<QueueEntry>, job: string, entry: string): Promise<void> {
  await queue.add('job', { job }, { jobId: entry, removeOnComplete: true, removeOnFail: true });
}

/**
 * Enters the jobs that are to run or run and that the queue does not know: a service that dies may leave a record
 * without its entry, and a Redis that dies may lose the one and keep the other.
 * @param minAge of a job, ms: a younger one may just be on its way into the queue.
 */
export async function reconcile(redis: Redis, queue: Queue<QueueEntry>, minAge: number): Promise<string[]> {
  const entered: string[] = [];
  for (const state of ['queued', 'running'] as const) {
    for (let from = 0; ; from += pageLength) {
      const jobs = await redis.zrange(indexKey(state), String(from), String(from + pageLength - 1));
      for (const job of await unknown(redis, jobs, state, minAge)) {
        // A second look, at the record: an entry that was taken meanwhile has changed it.
        const [entry] = await entriesOf(redis, [job], state, minAge);
        if (!entry) continue;
        await enterQueue(queue, job, entry);
        entered.push(job);
      }
      if (jobs.length < pageLength) break;
    }
  }
  return entered;
}

async function unknown(redis: Redis, jobs: string[], state: string, minAge: number): Promise<string[]> {
  const entries = await entriesOf(redis, jobs, state, minAge);
  const pipeline = redis.pipeline();
  for (const entry of entries) pipeline.exists(`${queuePrefix}:${queueName}:${entry ?? ''}`);
  const known = (await pipeline.exec()) ?? [];
  return jobs.filter((_, i) => entries[i] && known[i]?.[1] === 0);
}

/** Of each job that is in the state and old enough its entry's id. */
async function entriesOf(redis: Redis, jobs: string[], state: string, minAge: number): Promise<(string | null)[]> {
  const pipeline = redis.pipeline();
  for (const job of jobs.filter(isJobId)) pipeline.hmget(recordKey(job), 'state', 'entry', 'createdAt');
  const replies = ((await pipeline.exec()) ?? []) as [Error | null, (string | null)[]][];
  return replies.map(([, fields]) => {
    const [now, entry, createdAt] = fields ?? [];
    return now === state && Date.now() - Number(createdAt) >= minAge ? (entry ?? null) : null;
  });
}
