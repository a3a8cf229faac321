import type { Redis } from 'ioredis';
import { recordKey, summaryPrefix } from '../keys.js';
import { Script } from '../script.js';
import { extentBytes } from './layout.js';

/**
 * Lua: `writeSummary` writes the records that a `LossSummary` made, and returns the attempt's extent; `writeExtent` makes
 * them known. layout.ts says what they are.
 */
export const summaryLua = `
local function writeSummary(id, attempt, made)
  local at = ${extentBytes} + 1
  while at <= #made do
    local width, offset, length, from = struct.unpack('<I4I4I4', made, at)
    at = from + length
    redis.call('SETRANGE', '${summaryPrefix}' .. id .. ':' .. attempt .. ':' .. width, offset, string.sub(made, from, at - 1))
  end
  return string.sub(made, 1, ${extentBytes})
end

local function writeExtent(id, attempt, extent)
  redis.call('HSET', '${summaryPrefix}' .. id, attempt, extent)
end
`;

const script = new Script<number>(`
${summaryLua}
-- ARGV: id, attempt, whether these are the last, then what a LossSummary made, in order
local id, attempt, extent = ARGV[1], ARGV[2], nil
if not redis.call('HGET', record, 'state') then return 0 end
for i = 4, #ARGV do extent = writeSummary(id, attempt, ARGV[i]) end
if ARGV[3] == '1' then writeExtent(id, attempt, extent) end
return 1
`);

/**
 * Stores parts of the summary of an attempt that has ended; readers use it once it is complete.
 * @returns whether the job exists.
 */
export async function storeSummary(
  redis: Redis,
  job: string,
  attempt: number,
  made: readonly Buffer[],
  complete: boolean,
): Promise<boolean> {
  return (await script.run(redis, [recordKey(job)], [job, attempt, complete ? 1 : 0, ...made])) === 1;
}
