import { createHash } from 'node:crypto';
import type { JobState } from '../../contract/events.js';
import { checkJobId } from '../ids.js';

/** Prefix of every key except the queue's. All keys must be on one node, since scripts use keys that they derive. */
const prefix = 'metadescent:';

/** Prefix of a job's record, a hash; the id follows. */
export const recordPrefix = `${prefix}job:`;
/** Prefix of a job's stream; the id follows. */
export const streamPrefix = `${prefix}events:`;
/**
 * Prefix of the summaries of a job's losses; the id follows: a hash of the attempts' extents, and with
 * `:ATTEMPT:WIDTH` a string of records.
 */
export const summaryPrefix = `${prefix}losses:`;
/** Prefix of the sorted sets of ids, all with score 0 and so in the order of ids, which is that of creation. */
export const indexPrefix = `${prefix}jobs:`;
/** A sorted set of the words of titles: `WORD\0ID`, all with score 0, and so the ids of each word in order. */
export const wordsKey = `${indexPrefix}words`;
/** A hash: the words of each job's title, separated by spaces; jobs without a title are not in it. */
export const titlesKey = `${indexPrefix}titles`;
/** The id up to which every job is in the indices by problem and by words, which earlier versions lack. */
export const indexedKey = `${indexPrefix}indexed`;
/** The count of changes of jobs' states and progress, and of deletions. */
export const changesKey = `${prefix}changes`;
/** A sorted set: each job that has changed, under the number of its latest change. */
export const changedKey = `${changesKey}:jobs`;
/** The same for jobs that were deleted: the latest of them. */
export const deletedKey = `${changesKey}:deleted`;
/** The number of the last deletion that is no longer in the set. */
export const forgottenKey = `${changesKey}:forgotten`;
/** Prefix of a registered optimizer's record, a hash; `NAME:VERSION` follows. Names have no colons. */
export const optimizerPrefix = `${prefix}optimizer:`;
/** A hash: the last version number of each name. It outlives the versions. */
export const versionsKey = `${prefix}optimizers:versions`;
/** The count of registrations, whose numbers are the scores in the indices. */
export const registrationsKey = `${prefix}optimizers:registrations`;
/** Prefix of the sorted sets of `NAME:VERSION` in order of registration: "all", or "name:" and the name. */
export const optimizerIndexPrefix = `${prefix}optimizers:`;
/** A hash: seconds per unit of each kind of work, an average over recent attempts. */
export const ratesKey = `${prefix}rates`;
/** A sorted set of the same kinds of work by the time at which they were last measured, ms. */
export const rateTimesKey = `${prefix}rates:times`;
/** Never written: an attempt to replace it shows whether Redis accepts writes. */
export const writableKey = `${prefix}writable`;
/** Publishes `JOB` when it is to be cancelled, and `JOB TOKEN` when an attempt with that token begins. */
export const attemptsChannel = `${prefix}attempts`;

export function recordKey(job: string): string {
  return recordPrefix + checkJobId(job);
}

export function streamKey(job: string): string {
  return streamPrefix + checkJobId(job);
}

/** The hash of the extents of the attempts whose losses are summed up. */
export function summaryKey(job: string): string {
  return summaryPrefix + checkJobId(job);
}

/** The records of buckets of `width` meta-iterations. */
export function levelKey(job: string, attempt: number, width: number): string {
  return `${summaryKey(job)}:${attempt}:${width}`;
}

/** Clients' keys may have any length and bytes, so they are hashed. Each route has its own keys. */
export function idempotencyKey(key: string, route: 'jobs' | 'optimizers'): string {
  const scope = route === 'jobs' ? '' : `${route}:`;
  return `${prefix}idempotency:${scope}${createHash('sha256').update(key).digest('hex')}`;
}

/** An index of jobs: of all, or of those with the tag. Labels have no colons. */
export function indexKey(
  tag: { state?: JobState | undefined; label?: string | undefined; problem?: string } = {},
): string {
  const parts = Object.entries(tag).filter(([, value]) => value !== undefined);
  return indexPrefix + (parts.map((part) => part.join(':')).join(':') || 'all');
}
