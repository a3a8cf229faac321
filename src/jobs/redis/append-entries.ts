import type { Redis } from 'ioredis';
import type { Entry } from './entries.js';
import { recordKey } from './keys.js';
import { summaryLua } from './losses/store-summary.js';
import { Script } from './script.js';

/** The attempt that holds a job, and may write to its stream. */
export interface Holder {
  readonly job: string;
  readonly token: string;
  readonly attempt: number;
  readonly startedAt: number;
}

export interface NumberedEntry extends Entry {
  readonly seq: number;
  /** Records of the summary of the attempt's losses, to be written with the entry. */
  readonly summary: Buffer | null;
}

/** Fields of the record that the entries change; null for no change. */
export interface RecordChanges {
  progress: string | null;
  engine: string | null;
  /** One past the last meta-iteration. */
  lossEnd: number | null;
  /** Digest of the weights that the job compares. */
  weightsSha256: string | null;
}

const script = new Script<['taken'] | ['behind', number] | ['appended', number, number]>(`
${summaryLua}
-- ARGV: id, token, attempt, startedAt, before, progress, engine, lossEnd, weightsSha256, then seq, event, points, summary per entry
local id, token, startedAt, progress, engine, weights = ARGV[1], ARGV[2], ARGV[4], ARGV[6], ARGV[7], ARGV[9]
local mine, before, lossEnd = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[8])
local state, attempt, holder, cancel, end_ = unpack(redis.call('HMGET', record, 'state', 'attempt', 'holder', 'cancel', 'lossEnd'))
if not state then return { 'taken' } end
if holder ~= token then
  -- Only a crashed Redis, which may have lost this attempt's beginning, counts fewer attempts.
  if isFinal(state) or tonumber(attempt) >= mine then return { 'taken' } end
  redis.call('HSET', record, 'attempt', mine, 'holder', token, 'startedAt', startedAt)
  setState(id, 'running')
  touch(id)
end
local last, seq = lastEntry()
if last < mine then seq = 0 end
if seq < before then return { 'behind', seq } end
local extent
for i = 10, #ARGV, 4 do
  local number, summary = tonumber(ARGV[i]), ARGV[i + 3]
  if number > seq then
    append(id, mine, number, ARGV[i + 1], ARGV[i + 2])
    if summary ~= '' then extent = writeSummary(id, mine, summary) end
  end
end
if extent then writeExtent(id, mine, extent) end
if progress ~= '' then
  redis.call('HSET', record, 'progress', progress)
  touch(id)
end
if weights ~= '' then redis.call('HSET', record, 'weightsSha256', weights) end
if engine ~= '' then redis.call('HSET', record, 'engine', engine) end
if lossEnd > tonumber(end_ or 0) then redis.call('HSET', record, 'lossEnd', lossEnd) end
return { 'appended', tonumber(redis.call('HGET', record, 'bytes')), cancel and 1 or 0 }
`);

export type AppendOutcome =
  /** The job is deleted, final or held by another attempt. */
  | { type: 'taken' }
  /** Nothing was appended, since the stream ends before `before`, at this seq. */
  | { type: 'behind'; seq: number }
  | { type: 'appended'; bytes: number; cancel: boolean };

/**
 * Appends those of the entries that are missing, after the one numbered `before`. Repeating it changes nothing.
 * @returns `bytes`: the size of the whole stream.
 */
export async function appendEntries(
  redis: Redis,
  { job, token, attempt, startedAt }: Holder,
  before: number,
  entries: readonly NumberedEntry[],
  { progress, engine, lossEnd, weightsSha256 }: RecordChanges,
): Promise<AppendOutcome> {
  const changes = [progress ?? '', engine ?? '', lossEnd ?? 0, weightsSha256 ?? ''];
  const head = [job, token, attempt, startedAt, before, ...changes];
  const reply = await script.run(
    redis,
    [recordKey(job)],
    [...head, ...entries.flatMap(({ seq, event, points, summary }) => [seq, event, points ?? '', summary ?? ''])],
  );
  switch (reply[0]) {
    case 'taken':
      return { type: 'taken' };
    case 'behind':
      return { type: 'behind', seq: reply[1] };
    case 'appended':
      return { type: 'appended', bytes: reply[1], cancel: reply[2] === 1 };
  }
}
