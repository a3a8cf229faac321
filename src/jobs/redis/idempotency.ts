import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** For how long a client may repeat a request, ms. */
export const keyLifetime = 24 * 3600 * 1000;

/**
 * Lua: the id that an idempotency key created, while its record exists, and whether the document was the same.
 * `remember` stores it. The id must have no spaces.
 */
export const idempotencyLua = `
local function earlier(key, prefix, hash)
  local known = key and redis.call('GET', key)
  if not known then return nil end
  local id, before = string.match(known, '(%S+) (%S+)')
  if redis.call('EXISTS', prefix .. id) == 0 then return nil end
  return { before == hash and 'known' or 'conflict', id }
end

local function remember(key, id, hash)
  if key then redis.call('SET', key, id .. ' ' .. hash, 'PX', ${keyLifetime}) end
end
`;

/**
 * The same outside a script.
 * @param key in Redis
 */
export async function findByKey(redis: Redis, key: string, recordPrefix: string, hash: string) {
  const [id, before] = (await redis.get(key))?.split(' ') ?? [];
  if (id === undefined || (await redis.exists(recordPrefix + id)) === 0) return null;
  return { id, same: before === hash };
}

/** A hash of a document, independent of the order of its fields. */
export function hashDocument(document: unknown): string {
  const sorted = JSON.stringify(document, (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}
