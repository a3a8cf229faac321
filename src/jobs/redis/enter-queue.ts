import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { isJobId } from '../ids.js';
import { type QueueEntry, queueName, queuePrefix } from '../queue.js';
import { indexKey, recordKey } from './keys.js';

/** Records per page. */
const pageLength = 500;

/** Adds an entry for the job, unless one with this id exists. */
export async function enterQueue(queue: Queue<QueueEntry>, job: string, entry: string): Promise<void> {
  await queue.add('job', { job }, { jobId: entry, removeOnComplete: true, removeOnFail: true });
}

/**
 * Queues the queued and running jobs that have no entry in the queue: a crashed service may leave a record without one,
 * and a crashed Redis may lose one of the two.
 * @param minAge of a job, ms: a younger one may be about to enter the queue.
 */
export async function reconcile(redis: Redis, queue: Queue<QueueEntry>, minAge: number): Promise<string[]> {
  const entered: string[] = [];
  for (const state of ['queued', 'running'] as const) {
    for (let from = 0; ; from += pageLength) {
      const jobs = await redis.zrange(indexKey({ state }), String(from), String(from + pageLength - 1));
      for (const job of await unknown(redis, jobs, state, minAge)) {
        // Checked again: an entry that was taken meanwhile has changed the record.
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

/** The id of each job's entry, if the job is in the state and old enough. */
async function entriesOf(redis: Redis, jobs: string[], state: string, minAge: number): Promise<(string | null)[]> {
  const pipeline = redis.pipeline();
  for (const job of jobs.filter(isJobId)) pipeline.hmget(recordKey(job), 'state', 'entry', 'createdAt');
  const replies = ((await pipeline.exec()) ?? []) as [Error | null, (string | null)[]][];
  return replies.map(([, fields]) => {
    const [now, entry, createdAt] = fields ?? [];
    return now === state && Date.now() - Number(createdAt) >= minAge ? (entry ?? null) : null;
  });
}
