/** The BullMQ queue that brings jobs to workers. Its entries hold only an id; the rest is in the job's record. */
export const queueName = 'jobs';
/** Prefix of all BullMQ's keys. */
export const queuePrefix = 'metadescent:queue';

export interface QueueEntry {
  readonly job: string;
}
