/** The BullMQ queue that carries jobs to workers. Its entries hold an id; all else is in the job's record. */
export const queueName = 'jobs';
/** Of every key that BullMQ keeps. */
export const queuePrefix = 'metadescent:queue';

export interface QueueEntry {
  readonly job: string;
}
