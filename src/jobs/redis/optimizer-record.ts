import type { Redis } from 'ioredis';
import type { RegisteredOptimizer } from '../../contract/registry.js';
import type { TrainedOptimizerRef } from '../../contract/trained.js';
import { optimizerIndexPrefix, optimizerPrefix } from './keys.js';

/**
 * A registered optimizer's record, a Redis hash: `document`, what {@link RegisteredOptimizer} shows but for name and
 * version, which are in its key, and `artifact`, the owner of its file in the artifact store.
 */
export type OptimizerRecord = Record<string, string>;

/** @param place NAME:VERSION */
export function toOptimizer(place: string, { document }: OptimizerRecord): RegisteredOptimizer | null {
  if (document === undefined) return null;
  const [name = '', version] = place.split(':');
  return { name, version: Number(version), ...JSON.parse(document) };
}

/** @returns null where there is none. */
export async function readOptimizer(
  redis: Redis,
  place: string,
): Promise<{ optimizer: RegisteredOptimizer; artifact: string } | null> {
  const record = await redis.hgetall(optimizerPrefix + place);
  const optimizer = toOptimizer(place, record);
  return optimizer && { optimizer, artifact: record.artifact! };
}

/** @returns the number of the newest version that is there; null where there is none. */
export async function newestVersion(redis: Redis, name: string): Promise<number | null> {
  const [place] = await redis.zrange(`${optimizerIndexPrefix}name:${name}`, '0', '0', 'REV');
  return place === undefined ? null : Number(place.split(':')[1]);
}

/** The owner of the file of weights that a stored spec names; null where that is no longer registered. */
export async function ownerOfWeights(redis: Redis, ref: TrainedOptimizerRef): Promise<string | null> {
  if ('job' in ref) return ref.job;
  return redis.hget(`${optimizerPrefix}${ref.name}:${ref.version}`, 'artifact');
}
