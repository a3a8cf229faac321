import type { Redis } from 'ioredis';
import { optimizerIndexPrefix, optimizerPrefix } from './keys.js';

/** Removes the record of NAME:VERSION; the count of versions stays. */
export async function deleteOptimizer(redis: Redis, place: string): Promise<void> {
  const [name] = place.split(':');
  await redis
    .multi()
    .del(optimizerPrefix + place)
    .zrem(`${optimizerIndexPrefix}all`, place)
    .zrem(`${optimizerIndexPrefix}name:${name}`, place)
    .exec();
}
