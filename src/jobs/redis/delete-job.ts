import type { Redis } from 'ioredis';
import { recordKey, streamKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<number>(`
local id = ARGV[1]
local state, labels, problem, words = unpack(redis.call('HMGET', record, 'state', 'labels', 'problem', 'words'))
if not state or not isFinal(state) then return 0 end
for _, entry in ipairs(lasting(id, labels, problem, words)) do redis.call('ZREM', entry[1], entry[2]) end
for _, index in ipairs(indices(state, labels)) do redis.call('ZREM', index, id) end
redis.call('DEL', record, KEYS[2])
return 1
`);

/** Deletes the record and the stream of a final job. @returns whether it existed, and was final. */
export async function deleteJob(redis: Redis, id: string): Promise<boolean> {
  return (await script.run(redis, [recordKey(id), streamKey(id)], [id])) === 1;
}
