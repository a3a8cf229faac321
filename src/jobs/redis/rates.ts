import type { Redis } from 'ioredis';
import type { DryRun } from '../../contract/dry-run.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { JobSpec } from '../../contract/spec.js';
import { costsOf, type Part, type Timed, unitsOf } from '../work.js';
import { hashDocument } from './idempotency.js';
import { ratesKey, rateTimesKey } from './keys.js';
import { Script } from './script.js';

/** An attempt is too short to be measured below this, s, and its training or comparison below a tenth. */
const shortest = 1;

/** The parts of a training, and those of a comparison. */
const halves: readonly (readonly Part[])[] = [
  ['training', 'validation'],
  ['tuning', 'comparison'],
];

/** Weight of the latest attempt in the average. */
const weight = 0.3;

/** Kinds of work whose rates are kept: about 200 kB. */
const kinds = 1000;

const script = new Script<null>(`
-- KEYS: the rates, the times at which they were last measured
-- ARGV: time, weight, kinds, then for each kind of work its name and seconds per unit
local rates, times, weight = KEYS[1], KEYS[2], tonumber(ARGV[2])
for i = 4, #ARGV, 2 do
  local kind, rate = ARGV[i], tonumber(ARGV[i + 1])
  local before = tonumber(redis.call('HGET', rates, kind) or '')
  if before then rate = before + weight * (rate - before) end
  redis.call('HSET', rates, kind, string.format('%.6g', rate))
  redis.call('ZADD', times, ARGV[1], kind)
end
local excess = redis.call('ZCARD', times) - tonumber(ARGV[3])
if excess > 0 then
  local oldest = redis.call('ZPOPMIN', times, excess)
  for i = 1, #oldest, 2 do redis.call('HDEL', rates, oldest[i]) end
end
`);

/** Adds an attempt's rates to the averages, if it has computed for long enough. */
export async function recordRates(
  redis: Redis,
  spec: JobSpec,
  optimizer: LearnedSpec,
  timed: readonly Timed[],
): Promise<void> {
  if (total(timed) < shortest) return;
  const costs = costsOf(spec, optimizer);
  const rates = halves
    .map((parts) => timed.filter(({ part }) => parts.includes(part)))
    .filter((half) => total(half) >= shortest / 10)
    .flat()
    .flatMap(({ part, seconds, units }) => [kindOf(part, costs[part]), seconds / units]);
  if (rates.length > 0) await script.run(redis, [ratesKey, rateTimesKey], [Date.now(), weight, kinds, ...rates]);
}

/** The seconds that a job will compute, going by the rates recorded for its kinds of work. */
export async function estimateSeconds(redis: Redis, spec: JobSpec, optimizer: LearnedSpec): Promise<DryRun['seconds']> {
  const units = unitsOf(spec);
  const needed = Object.entries(costsOf(spec, optimizer)) as [Part, object][];
  const rates = await redis.hmget(ratesKey, ...needed.map(([part, cost]) => kindOf(part, cost)));
  /** Null if a part of it has no rate yet, or the job has none of its parts. */
  const secondsOf = (parts: readonly Part[]) => {
    const seconds = needed.flatMap(([part], i) =>
      parts.includes(part) ? [Number(rates[i] ?? Number.NaN) * units[part]] : [],
    );
    const sum = seconds.reduce((a, b) => a + b, 0);
    return seconds.length > 0 && Number.isFinite(sum) ? sum : null;
  };
  const [training = null, comparison = null] = halves.map(secondsOf);
  return training === null && comparison === null ? null : { training, comparison };
}

function total(timed: readonly Timed[]): number {
  return timed.reduce((sum, { seconds }) => sum + seconds, 0);
}

function kindOf(part: Part, cost: object | undefined): string {
  return hashDocument({ part, cost });
}
