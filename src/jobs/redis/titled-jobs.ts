import type { Redis } from 'ioredis';
import { wordsKey } from './keys.js';
import { repliesOf } from './replies.js';
import { Script } from './script.js';

/** Entries that are read at once, and sorted here. */
const maxUnordered = 1500;
/** Words whose entries, each in the order of ids, are merged. */
const maxCompletions = 4;
/** Ids per page of a merger. */
const pageLength = 300;

/** Between a word and an id, and a character after every other. */
const separator = '\0';
const beyond = Buffer.of(0xff);

const completionsOf = new Script<string[]>(`
local beginning, found = ARGV[1], {}
local from = '[' .. beginning
while #found <= ${maxCompletions} do
  local entry = redis.call('ZRANGEBYLEX', '${wordsKey}', from, '(' .. beginning .. '\\255', 'LIMIT', 0, 1)[1]
  if not entry then break end
  found[#found + 1] = string.match(entry, '^(.-)%z')
  from = '(' .. found[#found] .. '\\0\\255'
end
return found
`);

/** The jobs that have a word with this beginning in their titles. */
export interface TitledJobs {
  /** At least as many as there are jobs. */
  readonly count: number;
  /** Ids of those after a job (null: from the newest), newest first, and whether there are no more. */
  after(job: string | null): Promise<{ ids: string[]; complete: boolean }>;
}

/** @returns null where there are so many that other ways to them are faster. */
export async function titledJobs(redis: Redis, beginning: string): Promise<TitledJobs | null> {
  const range = [`[${beginning}`, Buffer.concat([Buffer.from(`(${beginning}`), beyond])] as const;
  const count = await redis.zlexcount(wordsKey, ...range);
  if (count <= maxUnordered)
    return {
      count,
      async after(job) {
        const entries = await redis.zrangebylex(wordsKey, ...range);
        return { ids: newestFirst(entries, job), complete: true };
      },
    };
  const words = await completionsOf.run(redis, [], [beginning]);
  if (words.length > maxCompletions) return null;
  return {
    count,
    async after(job) {
      const pipeline = redis.pipeline();
      for (const word of words) {
        const highest = job === null ? `(${word}\u0001` : `(${word}${separator}${job}`;
        pipeline.zrevrangebylex(wordsKey, highest, `[${word}${separator}`, 'LIMIT', 0, pageLength);
      }
      const entries = (await repliesOf<string[]>(pipeline)).flat();
      const ids = newestFirst(entries, job);
      return { ids: ids.slice(0, pageLength), complete: ids.length <= pageLength && entries.length < pageLength };
    },
  };
}

/** The ids of entries, each once, of those after a job. */
function newestFirst(entries: readonly string[], after: string | null): string[] {
  const ids = new Set(entries.map((entry) => entry.slice(entry.indexOf(separator) + 1)));
  return [...ids].filter((id) => after === null || id < after).sort((a, b) => (a < b ? 1 : -1));
}
