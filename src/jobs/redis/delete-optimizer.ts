import type { Redis } from 'ioredis';
import { optimizerIndexPrefix, optimizerPrefix } from './keys.js';

/** Deletes the record of NAME:VERSION; the count of versions stays. */
export async function deleteOptimizer(redis: Redis, ref: string): Promise<void> {
  const [name] = ref.split(':');
  await redis
    .multi()
    .del(optimizerPrefix + ref)
    .zrem(`${optimizerIndexPrefix}all`, ref)
    .zrem(`${optimizerIndexPrefix}name:${name}`, ref)
    .exec();
}
