import type { Redis } from 'ioredis';
import { idempotencyLua } from './idempotency.js';
import { optimizerIndexPrefix, optimizerPrefix, registrationsKey, versionsKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<['created' | 'known' | 'conflict', string]>(`
${idempotencyLua}
local name, artifact, document, hash = unpack(ARGV)
local known = earlier(KEYS[2], '${optimizerPrefix}', hash)
if known then return known end
local place = name .. ':' .. redis.call('HINCRBY', KEYS[1], name, 1)
remember(KEYS[2], place, hash)
redis.call('HSET', '${optimizerPrefix}' .. place, 'artifact', artifact, 'document', document)
local number = redis.call('INCR', '${registrationsKey}')
redis.call('ZADD', '${optimizerIndexPrefix}all', number, place)
redis.call('ZADD', '${optimizerIndexPrefix}name:' .. name, number, place)
return { 'created', place }
`);

/**
 * Gives a name its next version, unless the key is known already.
 * @param key in Redis, under which a repetition of this call is known, a command that was sent twice included
 * @returns `place`: NAME:VERSION of what is there now.
 */
export async function registerOptimizer(
  redis: Redis,
  entry: { name: string; artifact: string; document: string },
  key: string,
  hash: string,
) {
  const args = [entry.name, entry.artifact, entry.document, hash];
  const [outcome, place] = await script.run(redis, [versionsKey, key], args);
  return { outcome, place };
}
