import type { Redis } from 'ioredis';
import { ladder } from '../../contract/losses.js';
import { changedKey, changesKey, deletedKey, forgottenKey, recordKey, streamKey, summaryPrefix } from './keys.js';
import { Script } from './script.js';

/** No level of a summary has wider buckets: a job has at most 10^8 meta-iterations. */
const maxWidth = 10 ** 9;

/** How many of the latest deletions are known to those who follow the jobs. */
const maxDeleted = 10_000;

const script = new Script<number>(`
local id = ARGV[1]
local state, labels, problem, attempts = unpack(redis.call('HMGET', record, 'state', 'labels', 'problem', 'attempt'))
if not state or not isFinal(state) then return 0 end
remove(id, labels, problem)
for _, index in ipairs(indices(state, labels)) do redis.call('ZREM', index, id) end
redis.call('DEL', record, KEYS[2], '${summaryPrefix}' .. id)
for attempt = 1, tonumber(attempts) do
  local width = 1
  while width <= ${maxWidth} do
    redis.call('DEL', '${summaryPrefix}' .. id .. ':' .. attempt .. ':' .. width)
    width = width * ${ladder}
  end
end
redis.call('ZREM', '${changedKey}', id)
redis.call('ZADD', '${deletedKey}', redis.call('INCR', '${changesKey}'), id)
if redis.call('ZCARD', '${deletedKey}') > ${maxDeleted} then
  redis.call('SET', '${forgottenKey}', redis.call('ZPOPMIN', '${deletedKey}')[2])
end
return 1
`);

/** Deletes the record, the stream and the summary of a final job. @returns whether it existed, and was final. */
export async function deleteJob(redis: Redis, id: string): Promise<boolean> {
  return (await script.run(redis, [recordKey(id), streamKey(id)], [id])) === 1;
}
