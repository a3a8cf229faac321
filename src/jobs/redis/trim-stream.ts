import type { Redis } from 'ioredis';
import type { Holder } from './append-entries.js';
import { recordKey, streamKey } from './keys.js';
import { type Position, toId } from './position.js';
import { Script } from './script.js';

const script = new Script<number>(`
local token, last, next, bytes = unpack(ARGV)
local holder, trimmed = unpack(redis.call('HMGET', record, 'holder', 'trimmed'))
if holder ~= token or trimmed == last then return 0 end
redis.call('XTRIM', KEYS[2], 'MINID', next)
redis.call('HSET', record, 'trimmed', last)
redis.call('HINCRBY', record, 'bytes', -bytes)
return 1
`);

/** Removes the entries up to this one, `bytes` in total, from the stream. Repeating it changes nothing. */
export async function trimStream(redis: Redis, { job, token }: Holder, last: Position, bytes: number): Promise<void> {
  const next = toId({ ...last, seq: last.seq + 1 });
  await script.run(redis, [recordKey(job), streamKey(job)], [token, toId(last), next, bytes]);
}
