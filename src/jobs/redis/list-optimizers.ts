import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import type { OptimizersQuery } from '../../contract/queries.js';
import type { RegisteredOptimizer } from '../../contract/registry.js';
import { optimizerIndexPrefix, optimizerPrefix } from './keys.js';
import { type OptimizerRecord, toOptimizer } from './optimizer-record.js';
import { countFitting } from './page.js';

/**
 * A page of the registry, latest first, and the cursor of the next page: the number of this one's last registration.
 */
export async function listOptimizers(
  redis: Redis,
  { name, cursor, limit }: OptimizersQuery,
): Promise<{ optimizers: RegisteredOptimizer[]; next: string | null }> {
  if (cursor !== undefined && !/^[1-9]\d{0,15}$/.test(cursor))
    throw new ApiError(
      'invalid-cursor',
      `cursor ${JSON.stringify(cursor.slice(0, 80))}: expected the "next" of a previous page.`,
    );
  const index = optimizerIndexPrefix + (name === undefined ? 'all' : `name:${name}`);
  const last = cursor === undefined ? '+inf' : `(${cursor}`;
  // One more than the page, to know whether another follows.
  const found = await redis.zrange(index, last, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit + 1, 'WITHSCORES');
  const places = found.filter((_, i) => i % 2 === 0);
  const page = places.slice(0, limit);
  const pipeline = redis.pipeline();
  for (const ref of page) pipeline.hgetall(optimizerPrefix + ref);
  const replies = (await pipeline.exec()) ?? [];
  const stored = replies.map(([, record]) => (record ?? {}) as OptimizerRecord);
  const shown = page.slice(0, countFitting(stored.map(({ document }) => document?.length ?? 0)));
  const records = shown.map((ref, i) => toOptimizer(ref, stored[i]!));
  return {
    // Records may have been deleted meanwhile.
    optimizers: records.filter((record) => record !== null),
    next: places.length > shown.length ? found[2 * shown.length - 1]! : null,
  };
}
