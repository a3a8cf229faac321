import type { Redis } from 'ioredis';
import type { JobSpec } from '../../contract/spec.js';
import { firstIdAt } from '../ids.js';
import { summaryFields } from './job-summary.js';
import { indexedKey, indexKey, recordKey } from './keys.js';
import { Script } from './script.js';

/** Records per page. */
const pageLength = 200;

/** Milliseconds after which an id is not given any more, on whatever machine: a younger job may follow one just seen. */
const settled = 60_000;

const enterJob = new Script<number>(`
local id, problem, words, head = unpack(ARGV)
local labels, known = unpack(redis.call('HMGET', record, 'labels', 'head'))
if not labels or known then return 0 end
redis.call('HSET', record, 'problem', problem, 'head', head)
enter(id, labels, problem, words)
return 1
`);

const advance = new Script<number>(`
local before = redis.call('GET', KEYS[1])
if not before or before < ARGV[1] then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
`);

/**
 * Enters the jobs that an earlier version created into the indices by problem and by words. It may be repeated, stop
 * anywhere and run in several processes at a time: it begins after the last id up to which all jobs are known to be in.
 * @returns how many were entered.
 */
export async function indexJobs(redis: Redis): Promise<number> {
  let entered = 0;
  for (let after = (await redis.get(indexedKey)) ?? ''; ; ) {
    const ids = await redis.zrangebylex(indexKey(), `(${after}`, '+', 'LIMIT', 0, pageLength);
    entered += await enterMissing(redis, ids);
    const last = ids.at(-1);
    if (last === undefined) return entered;
    after = last;
    const bound = firstIdAt(Date.now() - settled);
    await advance.run(redis, [indexedKey], [last < bound ? last : bound]);
  }
}

async function enterMissing(redis: Redis, ids: readonly string[]): Promise<number> {
  const heads = redis.pipeline();
  for (const id of ids) heads.hexists(recordKey(id), 'head');
  const known = (await heads.exec()) ?? [];
  const missing = ids.filter((_, i) => known[i]?.[1] === 0);
  const entered = await Promise.all(
    missing.map(async (id) => {
      const document = await redis.hget(recordKey(id), 'spec');
      if (document === null) return 0;
      const { problem, words, head } = summaryFields(JSON.parse(document) as JobSpec);
      return enterJob.run(redis, [recordKey(id)], [id, problem, words, head]);
    }),
  );
  return entered.reduce((sum, one) => sum + one, 0);
}
