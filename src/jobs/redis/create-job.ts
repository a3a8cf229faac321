import type { Redis } from 'ioredis';
import type { JobSpec } from '../../contract/spec.js';
import { idempotencyLua } from './idempotency.js';
import { summaryFields } from './job-summary.js';
import { recordKey, recordPrefix } from './keys.js';
import { Script } from './script.js';

const script = new Script<['created' | 'known' | 'conflict', string]>(`
${idempotencyLua}
local id, time, spec, labels, maxAttempts, hash, weights, problem, words, head = unpack(ARGV)
local known = earlier(KEYS[2], '${recordPrefix}', hash)
if known then return known end
remember(KEYS[2], id, hash)
redis.call('HSET', record, 'spec', spec, 'labels', labels, 'maxAttempts', maxAttempts, 'state', 'queued',
  'attempt', 0, 'createdAt', time, 'entry', id .. '-1',
  'problem', problem, 'head', head)
if weights ~= '' then redis.call('HSET', record, 'weightsSha256', weights) end
enter(id, labels, problem, words)
for _, index in ipairs(indices('queued', labels)) do redis.call('ZADD', index, 0, id) end
enterState(id, 0, 1, 'queued', 'null', time)
return { 'created', id }
`);

/**
 * Creates the record of a queued job, unless the key is already known.
 * @param key the idempotency key in Redis, if any
 * @param hash of the submitted document
 * @param weightsSha256 of the weights file that it names; null if that may still change
 * @returns whether the key was known, with the same document or another, and the id of the job now there.
 */
export async function createJob(
  redis: Redis,
  id: string,
  spec: JobSpec,
  key: string | undefined,
  hash: string,
  weightsSha256: string | null,
) {
  const keys = [recordKey(id), ...(key === undefined ? [] : [key])];
  const { labels, maxAttempts } = spec;
  const { problem, words, head } = summaryFields(spec);
  const document = [JSON.stringify(spec), labels.join(' '), maxAttempts, hash, weightsSha256 ?? ''];
  const args = [id, Date.now(), ...document, problem, words, head];
  const [outcome, job] = await script.run(redis, keys, args);
  return { outcome, job };
}
