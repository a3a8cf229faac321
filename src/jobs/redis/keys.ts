import { createHash } from 'node:crypto';
import type { JobState } from '../../contract/events.js';
import { checkJobId } from '../ids.js';

/** Of every key but the queue's. All of them are on one node: the scripts name keys that they derive. */
const prefix = 'metadescent:';

/** Of a job's record, a hash; the id follows. */
export const recordPrefix = `${prefix}job:`;
/** Of a job's stream; the id follows. */
export const streamPrefix = `${prefix}events:`;
/** Of the sorted sets of ids, all of score 0 and so in the order of the ids, which is that of creation. */
export const indexPrefix = `${prefix}jobs:`;
/** Of a registered optimizer's record, a hash; `NAME:VERSION` follows. A name holds no colon. */
export const optimizerPrefix = `${prefix}optimizer:`;
/** A hash: the last version that was given under each name. It outlives the versions. */
export const versionsKey = `${prefix}optimizers:versions`;
/** Counts registrations. Their numbers are the scores in the indices. */
export const registrationsKey = `${prefix}optimizers:registrations`;
/** Of the sorted sets of `NAME:VERSION` in the order of registration: "all", or "name:" and the name. */
export const optimizerIndexPrefix = `${prefix}optimizers:`;
/** Never written: a try to replace it shows whether Redis takes writes. */
export const writableKey = `${prefix}writable`;
/** Says `JOB` when its cancellation is asked for, and `JOB TOKEN` when an attempt with that token begins. */
export const attemptsChannel = `${prefix}attempts`;

export function recordKey(job: string): string {
  return recordPrefix + checkJobId(job);
}

export function streamKey(job: string): string {
  return streamPrefix + checkJobId(job);
}

/** A client's key is of any length and any bytes: it is hashed. It means something to one route alone. */
export function idempotencyKey(key: string, route: 'jobs' | 'optimizers'): string {
  const scope = route === 'jobs' ? '' : `${route}:`;
  return `${prefix}idempotency:${scope}${createHash('sha256').update(key).digest('hex')}`;
}

/** The index of the jobs in a state, with a label, with both, or of all. A label holds no colon. */
export function indexKey(state?: JobState, label?: string): string {
  const parts = [state && `state:${state}`, label && `label:${label}`].filter(Boolean);
  return indexPrefix + (parts.join(':') || 'all');
}
