import type { Redis } from 'ioredis';
import type { JobFailure } from '../../contract/events.js';
import type { JobSpec } from '../../contract/spec.js';
import { attemptsChannel, recordKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<[number, string, string | null] | null>(`
local id, token, time, lost = unpack(ARGV)
local state, attempt, max, cancel, spec = unpack(redis.call('HMGET', record, 'state', 'attempt', 'maxAttempts', 'cancel', 'spec'))
if not state or isFinal(state) or state == 'paused' then return nil end
needNoMemory()
redis.call('HDEL', record, 'holder')
local last, seq = lastEntry()
if cancel then
  enterState(id, last, seq + 1, 'cancelled', 'null', time)
  return nil
end
if tonumber(attempt) >= tonumber(max) then
  enterState(id, last, seq + 1, 'failed', lost, time)
  return nil
end
if state == 'running' then enterState(id, last, seq + 1, 'queued', lost, time) end
attempt = tonumber(attempt) + 1
enterState(id, attempt, 1, 'running', 'null', time)
redis.call('HSET', record, 'attempt', attempt, 'holder', token, 'startedAt', time)
redis.call('HDEL', record, 'progress', 'engine')
redis.call('PUBLISH', '${attemptsChannel}', id .. ' ' .. token)
return { attempt, spec, redis.call('HGET', record, 'weightsSha256') }
`);

/**
 * Gives the job to the attempt with this token. A job that is already running has lost its worker, or the queue would
 * not have offered it.
 * @returns null if the job is deleted, final, cancelled, or out of attempts, in which case it fails.
 */
export async function beginAttempt(redis: Redis, id: string, token: string, time: number) {
  const lost: JobFailure = {
    code: 'worker-lost',
    message: 'The worker stopped responding while running this job.',
  };
  const reply = await script.run(redis, [recordKey(id)], [id, token, time, JSON.stringify(lost)]);
  return reply && { number: reply[0], spec: JSON.parse(reply[1]) as JobSpec, weightsSha256: reply[2] };
}
