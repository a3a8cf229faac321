import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { changedKey, changesKey, indexPrefix, streamPrefix, titlesKey, wordsKey } from './keys.js';

/** A Lua script, which Redis runs atomically. Its first key is a job's record. */
export class Script<Reply> {
  private readonly lua: string;
  private readonly sha: string;

  constructor(lua: string) {
    this.lua = `${shared}\n${lua}`;
    this.sha = createHash('sha1').update(this.lua).digest('hex');
  }

  async run(redis: Redis, keys: string[], args: (string | number | Buffer)[]): Promise<Reply> {
    try {
      return (await redis.evalsha(this.sha, keys.length, ...keys, ...args)) as Reply;
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return (await redis.eval(this.lua, keys.length, ...keys, ...args)) as Reply;
    }
  }
}

/**
 * Shared by the scripts. A full Redis refuses a script whose first write needs memory, and accepts one whose first
 * write needs none: so states can always change, but events of a run have to wait.
 */
const shared = `
local record = KEYS[1]

local function needNoMemory()
  redis.call('HDEL', record, '')
end

local function isFinal(state)
  return state == 'succeeded' or state == 'failed' or state == 'cancelled'
end

local function indices(state, labels)
  local names = { '${indexPrefix}state:' .. state }
  for label in string.gmatch(labels, '%S+') do
    names[#names + 1] = '${indexPrefix}state:' .. state .. ':label:' .. label
  end
  return names
end

-- The entries of a job in the indices that do not depend on its state; jobs of earlier versions are in the first two
-- kinds only.
local function entries(id, labels, problem, words)
  local all = { { '${indexPrefix}all', id } }
  for label in string.gmatch(labels, '%S+') do all[#all + 1] = { '${indexPrefix}label:' .. label, id } end
  if problem then all[#all + 1] = { '${indexPrefix}problem:' .. problem, id } end
  for word in string.gmatch(words, '%S+') do all[#all + 1] = { '${wordsKey}', word .. '\\0' .. id } end
  return all
end

local function enter(id, labels, problem, words)
  for _, entry in ipairs(entries(id, labels, problem, words)) do redis.call('ZADD', entry[1], 0, entry[2]) end
  if words ~= '' then redis.call('HSET', '${titlesKey}', id, words) end
end

local function remove(id, labels, problem)
  local words = redis.call('HGET', '${titlesKey}', id) or ''
  for _, entry in ipairs(entries(id, labels, problem, words)) do redis.call('ZREM', entry[1], entry[2]) end
  redis.call('HDEL', '${titlesKey}', id)
end

-- Numbers a change of what lists show of the job.
local function touch(id)
  redis.call('ZADD', '${changedKey}', redis.call('INCR', '${changesKey}'), id)
end

local function setState(id, state)
  local now = redis.call('HMGET', record, 'state', 'labels')
  if now[1] == state then return end
  for _, index in ipairs(indices(now[1], now[2])) do redis.call('ZREM', index, id) end
  for _, index in ipairs(indices(state, now[2])) do redis.call('ZADD', index, 0, id) end
  redis.call('HSET', record, 'state', state)
end

-- Attempt and seq of the stream's last entry. The record has them, since Redis returns them only with the whole entry.
local function lastEntry()
  local attempt, seq = string.match(redis.call('HGET', record, 'last') or '0-0', '(%d+)-(%d+)')
  return tonumber(attempt), tonumber(seq)
end

local function append(id, attempt, seq, event, points)
  local entry = attempt .. '-' .. seq
  if points == nil or points == '' then
    redis.call('XADD', '${streamPrefix}' .. id, entry, 'event', event)
  else
    redis.call('XADD', '${streamPrefix}' .. id, entry, 'event', event, 'points', points)
  end
  redis.call('HSET', record, 'last', entry)
  redis.call('HINCRBY', record, 'bytes', #event + #(points or '') + 64)
end

-- Changes the state and appends the event; the reason is JSON.
local function enterState(id, attempt, seq, state, reason, time)
  setState(id, state)
  append(id, attempt, seq, '{"type":"state","state":"' .. state .. '","reason":' .. reason .. ',"time":' .. time .. '}')
  if isFinal(state) then redis.call('HSET', record, 'finishedAt', time) end
  if state == 'failed' then redis.call('HSET', record, 'failure', reason) end
  touch(id)
end

`;
