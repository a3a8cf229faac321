import type { Redis } from 'ioredis';
import { titlesKey } from './keys.js';
import { Script } from './script.js';

export interface Filters {
  /** Indices in which a job has to be. */
  readonly tags: readonly string[];
  /** Beginnings of words of which its title has to have each. */
  readonly words: readonly string[];
}

/** Where the candidates come from: an index, of which those after a job (null: from the newest), or a list of ids. */
export type Candidates =
  | { readonly index: string; readonly after: string | null }
  | { readonly ids: readonly string[] };

export interface Filtered {
  /** In the order of the candidates. */
  readonly ids: string[];
  /** The last candidate looked at; null if there are no more. */
  readonly last: string | null;
}

/**
 * The most that one call looks up: whether a job is in an index, or its title has a word. It keeps the script below
 * about two milliseconds.
 */
const maxChecks = 2000;
/** Candidates per step at most. */
const stepLength = 500;

const script = new Script<[string, ...string[]]>(`
local query = cjson.decode(ARGV[1])
local tags, words, checks = query.tags, query.words, ${maxChecks}
-- Of the index: the highest id that was not looked at, as ZREVRANGEBYLEX takes it. Of the list: the last position.
local max, at = query.after and '(' .. query.after or '+', 0

local function nextOfIndex(count)
  -- What comes next is not above the next in any of the tags.
  for _, tag in ipairs(tags) do
    local id = redis.call('ZREVRANGEBYLEX', tag, max, '-', 'LIMIT', 0, 1)[1]
    if not id then return {} end
    max = '[' .. id
  end
  return redis.call('ZREVRANGEBYLEX', query.index, max, '-', 'LIMIT', 0, count)
end

local function nextOfList(count)
  local ids = { unpack(query.ids, at + 1, math.min(at + count, #query.ids)) }
  at = at + #ids
  return ids
end

local function having(tag, ids)
  local scores, kept = redis.call('ZMSCORE', tag, unpack(ids)), {}
  for i, id in ipairs(ids) do if scores[i] then kept[#kept + 1] = id end end
  return kept
end

local function titled(ids)
  local titles, kept = redis.call('HMGET', '${titlesKey}', unpack(ids)), {}
  for i, id in ipairs(ids) do
    local title, all = ' ' .. (titles[i] or ''), true
    for _, word in ipairs(words) do all = all and string.find(title, ' ' .. word, 1, true) end
    if all then kept[#kept + 1] = id end
  end
  return kept
end

local found, step = {}, query.count
while #found < query.count and checks > 0 do
  local ids = query.index and nextOfIndex(step) or not query.index and nextOfList(step)
  if #ids == 0 then return { '', unpack(found) } end
  max = '(' .. ids[#ids]
  for _, tag in ipairs(tags) do
    if tag ~= query.index and #ids > 0 then
      checks = checks - #ids
      ids = having(tag, ids)
    end
  end
  if #words > 0 and #ids > 0 then
    checks = checks - #ids * (1 + #words)
    ids = titled(ids)
  end
  for _, id in ipairs(ids) do found[#found + 1] = id end
  step = math.min(2 * step, ${stepLength})
end
return { string.sub(max, 2), unpack(found) }
`);

/** Those of the candidates that pass all filters, until there are `count`, or a few more, or it has looked at enough. */
export async function filterJobs(
  redis: Redis,
  candidates: Candidates,
  filters: Filters,
  count: number,
): Promise<Filtered> {
  // A null would not be false in Lua.
  const from = 'index' in candidates && candidates.after === null ? { index: candidates.index } : candidates;
  const [last, ...ids] = await script.run(redis, [], [JSON.stringify({ ...filters, ...from, count })]);
  return { ids, last: last || null };
}
