import type { Redis } from 'ioredis';
import type { LearnedSpec } from '../../contract/optimizers.js';
import type { RegisteredOptimizer } from '../../contract/registry.js';
import type { JobSpec } from '../../contract/spec.js';
import type { TrainedOptimizerRef } from '../../contract/trained.js';
import { optimizerIndexPrefix, optimizerPrefix, recordKey } from './keys.js';

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

/** The learned optimizer that a stored spec trains or names; null if that was deleted. */
export async function learnedOf(redis: Redis, { kind, optimizer }: JobSpec): Promise<LearnedSpec | null> {
  if (kind === 'metatrain') return optimizer;
  if (!('job' in optimizer)) {
    const found = await readOptimizer(redis, `${optimizer.name}:${optimizer.version}`);
    return found?.optimizer.optimizer ?? null;
  }
  const record = await redis.hget(recordKey(optimizer.job), 'spec');
  const trained: JobSpec | null = record ? JSON.parse(record) : null;
  return trained?.kind === 'metatrain' ? trained.optimizer : null;
}
