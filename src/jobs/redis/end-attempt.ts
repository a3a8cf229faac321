import type { Redis } from 'ioredis';
import type { JobFailure, JobState } from '../../contract/events.js';
import type { Holder } from './append-entries.js';
import { recordKey } from './keys.js';
import { Script } from './script.js';

const script = new Script<['taken'] | ['behind', number] | ['ended', JobState, string]>(`
-- ARGV: id, token, attempt, time, before, state, reason, progress
local id, token, time, state, reason, progress = ARGV[1], ARGV[2], ARGV[4], ARGV[6], ARGV[7], ARGV[8]
local mine, before = tonumber(ARGV[3]), tonumber(ARGV[5])
local now, attempt, max, holder, ended, cancel, entry =
  unpack(redis.call('HMGET', record, 'state', 'attempt', 'maxAttempts', 'holder', 'ended', 'cancel', 'entry'))
if not now then return { 'taken' } end
if ended == token then return { 'ended', now, entry } end
if holder ~= token then
  if isFinal(now) or tonumber(attempt) >= mine then return { 'taken' } end
  return { 'behind', 0 }
end
local last, seq = lastEntry()
if seq < before then return { 'behind', seq } end
if state == 'queued' and cancel then
  state, reason = 'cancelled', 'null'
elseif state == 'queued' and reason ~= 'null' and mine >= tonumber(max) then
  state = 'failed'
end
needNoMemory()
if state == 'queued' and reason == 'null' then redis.call('HINCRBY', record, 'maxAttempts', 1) end
redis.call('HDEL', record, 'holder')
if progress ~= '' then redis.call('HSET', record, 'progress', progress) end
redis.call('HSET', record, 'ended', token)
if state == 'queued' then
  entry = id .. '-' .. (mine + 1)
  redis.call('HSET', record, 'entry', entry)
end
enterState(id, mine, seq + 1, state, reason, time)
return { 'ended', state, entry }
`);

export type EndOutcome =
  | { type: 'taken' }
  /** Nothing was changed, since the stream ends before `before`, at this seq. */
  | { type: 'behind'; seq: number }
  /** `entry`: the id of a queued job's queue entry. */
  | { type: 'ended'; state: JobState; entry: string };

/**
 * Takes the job from its attempt, whose last entry was numbered `before`. `queued` becomes `failed` if no attempt is
 * left, and `cancelled` if that was requested. A job that is queued again without a `reason` gets one more attempt.
 * Repeating it changes nothing.
 */
export async function endAttempt(
  redis: Redis,
  { job, token, attempt }: Holder,
  before: number,
  state: JobState,
  reason: JobFailure | null,
  progress: string | null,
): Promise<EndOutcome> {
  const args = [job, token, attempt, Date.now(), before, state, JSON.stringify(reason), progress ?? ''];
  const reply = await script.run(redis, [recordKey(job)], args);
  switch (reply[0]) {
    case 'taken':
      return { type: 'taken' };
    case 'behind':
      return { type: 'behind', seq: reply[1] };
    case 'ended':
      return { type: 'ended', state: reply[1], entry: reply[2] };
  }
}
