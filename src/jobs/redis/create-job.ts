import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { JobSpec } from '../../contract/spec.js';
import { idempotencyKey, indexPrefix, recordKey, recordPrefix } from './keys.js';
import { Script } from './script.js';

/** How long a client may repeat a request. */
const keyLifetime = 24 * 3600 * 1000;

const script = new Script<['created' | 'known' | 'conflict', string]>(`
local id, time, spec, labels, maxAttempts, hash, lifetime = unpack(ARGV)
if KEYS[2] then
  local known = redis.call('GET', KEYS[2])
  if known then
    local job, earlier = string.match(known, '(%S+) (%S+)')
    if redis.call('EXISTS', '${recordPrefix}' .. job) == 1 then
      return { earlier == hash and 'known' or 'conflict', job }
    end
  end
  redis.call('SET', KEYS[2], id .. ' ' .. hash, 'PX', lifetime)
end
redis.call('HSET', record, 'spec', spec, 'labels', labels, 'maxAttempts', maxAttempts, 'state', 'queued',
  'attempt', 0, 'createdAt', time, 'entry', id .. '-1')
redis.call('ZADD', '${indexPrefix}all', 0, id)
for label in string.gmatch(labels, '%S+') do redis.call('ZADD', '${indexPrefix}label:' .. label, 0, id) end
for _, index in ipairs(indices('queued', labels)) do redis.call('ZADD', index, 0, id) end
enterState(id, 0, 1, 'queued', 'null', time)
return { 'created', id }
`);

/**
 * Enters a queued job into the records, unless the key is known already.
 * @returns whether it was, with the same spec or another, and the id of the job that is there now.
 */
export async function createJob(redis: Redis, id: string, spec: JobSpec, key: string | undefined) {
  const keys = [recordKey(id), ...(key === undefined ? [] : [idempotencyKey(key)])];
  const text = JSON.stringify(spec);
  const args = [id, Date.now(), text, spec.labels.join(' '), spec.maxAttempts, hashSpec(spec), keyLifetime];
  const [outcome, job] = await script.run(redis, keys, args);
  return { outcome, job };
}

/** @returns the job that came with the key, if it is still there, and whether its spec was this one. */
export async function findByKey(redis: Redis, key: string, spec: JobSpec) {
  const [job, hash] = (await redis.get(idempotencyKey(key)))?.split(' ') ?? [];
  if (job === undefined || (await redis.exists(recordKey(job))) === 0) return null;
  return { job, same: hash === hashSpec(spec) };
}

/** The order of a document's fields says nothing. */
function hashSpec(spec: JobSpec): string {
  const sorted = JSON.stringify(spec, (_, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}
