import type { Redis } from 'ioredis';
import type { RegisteredOptimizer } from '../../contract/registry.js';
import type { TrainedOptimizerRef } from '../../contract/trained.js';
import { optimizerIndexPrefix, optimizerPrefix } from './keys.js';

/**
 * A registered optimizer's record, a Redis hash: `document`, a {@link RegisteredOptimizer} without name and version,
 * which are in the key, and `artifact`, the owner of its file in the artifact store.
 */
export type OptimizerRecord = Record<string, string>;

/** @param ref NAME:VERSION */
export function toOptimizer(ref: string, { document }: OptimizerRecord): RegisteredOptimizer | null {
  if (document === undefined) return null;
  const [name = '', version] = ref.split(':');
  return { name, version: Number(version), ...JSON.parse(document) };
}

/** @returns null if there is none. */
export async function readOptimizer(
  redis: Redis,
  ref: string,
): Promise<{ optimizer: RegisteredOptimizer; artifact: string } | null> {
  const record = await redis.hgetall(optimizerPrefix + ref);
  const optimizer = toOptimizer(ref, record);
  return optimizer && { optimizer, artifact: record.artifact! };
}

/** @returns the number of the newest existing version; null if there is none. */
export async function newestVersion(redis: Redis, name: string): Promise<number | null> {
  const [ref] = await redis.zrange(`${optimizerIndexPrefix}name:${name}`, '0', '0', 'REV');
  return ref === undefined ? null : Number(ref.split(':')[1]);
}

/** The owner of the weights file that a stored spec names; null if it is no longer registered. */
export async function ownerOfWeights(redis: Redis, ref: TrainedOptimizerRef): Promise<string | null> {
  if ('job' in ref) return ref.job;
  return redis.hget(`${optimizerPrefix}${ref.name}:${ref.version}`, 'artifact');
}
