import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import type { JobsQuery } from '../../contract/queries.js';
import { titleWords } from '../../contract/title-words.js';
import { isJobId } from '../ids.js';
import { type Filtered, type Filters, filterJobs } from './filter-jobs.js';
import { indexKey } from './keys.js';
import { type TitledJobs, titledJobs } from './titled-jobs.js';

/** Pages of a word's jobs that a request looks at. */
const maxPages = 3;

/**
 * A page of ids, newest first, and the cursor of the next page. The page may be shorter than the limit, even empty, and
 * still have a next one: a request looks at a few thousand jobs, from the index that has the fewest.
 */
export async function findJobs(
  redis: Redis,
  { cursor, limit, ...query }: Omit<JobsQuery, 'fields'>,
): Promise<{ ids: string[]; next: string | null }> {
  if (cursor !== undefined && !isJobId(cursor))
    throw new ApiError(
      'invalid-cursor',
      `cursor ${JSON.stringify(cursor.slice(0, 80))}: expected the "next" of a previous page.`,
    );
  const { ids, last } = await find(redis, filtersOf(query), cursor ?? null, limit);
  if (ids.length <= limit) return { ids, next: last };
  return { ids: ids.slice(0, limit), next: ids[limit - 1]! };
}

function filtersOf({ state, label, problem, title }: Omit<JobsQuery, 'fields' | 'cursor' | 'limit'>): Filters {
  const words = titleWords(title ?? '');
  return {
    tags: [
      ...(state !== undefined || label !== undefined ? [indexKey({ state, label })] : []),
      ...(problem !== undefined ? [indexKey({ problem })] : []),
    ],
    words: words.filter((word) => !words.some((other) => other !== word && other.startsWith(word))),
  };
}

async function find(redis: Redis, filters: Filters, after: string | null, limit: number): Promise<Filtered> {
  // One more than the page, to know whether another follows.
  const count = limit + 1;
  const { index, size } = await smallestIndex(redis, filters);
  const titled = await fewestTitled(redis, filters, size);
  return titled
    ? findTitled(redis, titled, filters, after, count)
    : filterJobs(redis, { index, after }, filters, count);
}

async function smallestIndex(redis: Redis, { tags }: Filters): Promise<{ index: string; size: number }> {
  const indices = tags.length > 0 ? tags : [indexKey()];
  const sizes = await Promise.all(indices.map((index) => redis.zcard(index)));
  const size = Math.min(...sizes);
  return { index: indices[sizes.indexOf(size)]!, size };
}

async function fewestTitled(redis: Redis, { words }: Filters, size: number): Promise<TitledJobs | null> {
  const sources = await Promise.all(words.map((word) => titledJobs(redis, word)));
  const [fewest] = sources.filter((source) => source !== null).sort((a, b) => a.count - b.count);
  return fewest && fewest.count < size ? fewest : null;
}

async function findTitled(
  redis: Redis,
  source: TitledJobs,
  filters: Filters,
  after: string | null,
  count: number,
): Promise<Filtered> {
  const found: string[] = [];
  let last = after;
  for (let page = 0; page < maxPages; page++) {
    const { ids, complete } = await source.after(last);
    const filtered = await filterJobs(redis, { ids }, filters, count - found.length);
    found.push(...filtered.ids);
    if (filtered.last === null && complete) return { ids: found, last: null };
    last = filtered.last ?? ids.at(-1)!;
    // More to look at on the same page, or enough.
    if (filtered.last !== null) break;
  }
  return { ids: found, last };
}
