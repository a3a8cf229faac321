import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import type { JobChanges } from '../../contract/lists.js';
import { isJobId } from '../ids.js';
import { changedKey, changesKey, deletedKey, forgottenKey } from './keys.js';
import { readSummaries } from './read-summaries.js';
import { Script } from './script.js';

/**
 * A position among the changes: a server process of Redis, since a restarted one may have lost the latest changes and
 * number others alike, and the number of a change.
 */
export interface ChangePosition {
  readonly server: string;
  readonly number: number;
}

/** What has changed since a position. */
export interface ChangesSince {
  readonly end: ChangePosition;
  readonly changes: JobChanges;
}

/** Jobs in one message; whoever has missed more is better served by a new page of the list. */
const maxJobs = 1000;

const script = new Script<[server: string, number: number, known: 0 | 1, changed: string[], deleted: string[]]>(`
local server, number = ARGV[1], tonumber(ARGV[2])
local current = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '0'
local last = tonumber(redis.call('GET', '${changesKey}') or 0)
local forgotten = tonumber(redis.call('GET', '${forgottenKey}') or 0)
if server ~= current or number > last or number < forgotten then return { current, last, 0, {}, {} } end
local since = '(' .. ARGV[2]
local changed = redis.call('ZRANGEBYSCORE', '${changedKey}', since, '+inf', 'LIMIT', 0, ${maxJobs + 1})
local deleted = redis.call('ZRANGEBYSCORE', '${deletedKey}', since, '+inf', 'LIMIT', 0, ${maxJobs + 1})
if #changed + #deleted > ${maxJobs} then return { current, last, 0, {}, {} } end
return { current, last, 1, changed, deleted }
`);

/** The jobs that have changed since a position, each once and as it is now; `reset` where that is not known. */
export async function readChanges(redis: Redis, { server, number }: ChangePosition): Promise<ChangesSince> {
  const [current, last, known, changed, deleted] = await script.run(redis, [], [server, number]);
  const end = { server: current, number: last };
  const summaries = await readSummaries(redis, changed);
  const jobs = summaries.filter((summary) => summary !== null);
  return { end, changes: { cursor: toCursor(end), jobs, deleted, reset: known === 0 } };
}

/** The present position, without changes. */
export async function readPresent(redis: Redis): Promise<ChangesSince> {
  const [server, number] = await script.run(redis, [], ['', 0]);
  const end = { server, number };
  return { end, changes: { cursor: toCursor(end), jobs: [], deleted: [], reset: false } };
}

/** These jobs as they are now; those that do not exist count as deleted. */
export async function readThese(redis: Redis, wanted: Iterable<string>): Promise<Pick<JobChanges, 'jobs' | 'deleted'>> {
  const [ids, others] = [[...wanted].filter(isJobId), [...wanted].filter((id) => !isJobId(id))];
  const summaries = await readSummaries(redis, ids);
  return {
    jobs: summaries.filter((summary) => summary !== null),
    deleted: [...ids.filter((_, i) => summaries[i] === null), ...others],
  };
}

function toCursor({ server, number }: ChangePosition): string {
  return `${server}.${number}`;
}

/** @throws ApiError `invalid-cursor`. */
export function fromChangeCursor(cursor: string): ChangePosition {
  const [, server, number] = /^([0-9A-Za-z]{1,40})\.(0|[1-9]\d{0,14})$/.exec(cursor) ?? [];
  if (server !== undefined) return { server, number: Number(number) };
  throw new ApiError(
    'invalid-cursor',
    `cursor ${JSON.stringify(cursor.slice(0, 80))}: expected the cursor of a message that you have received, or none.`,
  );
}
