import type { Redis } from 'ioredis';
import { indexPrefix, recordKey, streamKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<number>(`
local id = ARGV[1]
local state, labels = unpack(redis.call('HMGET', record, 'state', 'labels'))
if not state or not isFinal(state) then return 0 end
redis.call('ZREM', '${indexPrefix}all', id)
for label in string.gmatch(labels, '%S+') do redis.call('ZREM', '${indexPrefix}label:' .. label, id) end
for _, index in ipairs(indices(state, labels)) do redis.call('ZREM', index, id) end
redis.call('DEL', record, KEYS[2])
return 1
`);

/** Deletes the record and the stream of a final job. @returns whether it existed, and was final. */
export async function deleteJob(redis: Redis, id: string): Promise<boolean> {
  return (await script.run(redis, [recordKey(id), streamKey(id)], [id])) === 1;
}
