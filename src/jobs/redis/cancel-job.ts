import type { Redis } from 'ioredis';
import { attemptsChannel, recordKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<['missing' | 'final' | 'cancelled' | 'asked', string]>(`
local id, time = unpack(ARGV)
local state, entry = unpack(redis.call('HMGET', record, 'state', 'entry'))
if not state then return { 'missing', '' } end
if isFinal(state) then return { 'final', state } end
needNoMemory()
if state == 'running' then
  redis.call('HSET', record, 'cancel', 1)
  redis.call('PUBLISH', '${attemptsChannel}', id)
  return { 'asked', '' }
end
local attempt, seq = lastEntry()
enterState(id, attempt, seq + 1, 'cancelled', 'null', time)
return { 'cancelled', entry }
`);

/**
 * Cancels a job that is not running, or asks the attempt that runs it to stop.
 * @returns `detail`: the state of a final job, or the queue entry of a cancelled one.
 */
export async function cancelJob(redis: Redis, id: string) {
  const [outcome, detail] = await script.run(redis, [recordKey(id)], [id, Date.now()]);
  return { outcome, detail };
}
