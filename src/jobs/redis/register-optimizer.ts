import type { Redis } from 'ioredis';
import { idempotencyLua } from './idempotency.js';
import { optimizerIndexPrefix, optimizerPrefix, registrationsKey, versionsKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<['created' | 'known' | 'conflict', string]>(`
${idempotencyLua}
local name, artifact, document, hash = unpack(ARGV)
local known = earlier(KEYS[2], '${optimizerPrefix}', hash)
if known then return known end
local ref = name .. ':' .. redis.call('HINCRBY', KEYS[1], name, 1)
remember(KEYS[2], ref, hash)
redis.call('HSET', '${optimizerPrefix}' .. ref, 'artifact', artifact, 'document', document)
local number = redis.call('INCR', '${registrationsKey}')
redis.call('ZADD', '${optimizerIndexPrefix}all', number, ref)
redis.call('ZADD', '${optimizerIndexPrefix}name:' .. name, number, ref)
return { 'created', ref }
`);

/**
 * Registers the next version of a name, unless the key is already known.
 * @param key in Redis, by which a repeated call is recognised, even a command that was sent twice
 * @returns `ref`: NAME:VERSION of the version now there.
 */
export async function registerOptimizer(
  redis: Redis,
  entry: { name: string; artifact: string; document: string },
  key: string,
  hash: string,
) {
  const args = [entry.name, entry.artifact, entry.document, hash];
  const [outcome, ref] = await script.run(redis, [versionsKey, key], args);
  return { outcome, ref };
}
