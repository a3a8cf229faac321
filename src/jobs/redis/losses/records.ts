import type { Redis } from 'ioredis';
import { levelKey } from '../keys.js';
import { decodeBuckets, type LevelBucket, recordBytes } from './layout.js';

/** The buckets of a level that have the meta-iterations [from, to), multiples of their width. */
export interface Records {
  readonly job: string;
  readonly attempt: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
}

/** The buckets of each part that have points, in one round trip. */
export async function readRecords(redis: Redis, parts: readonly Records[]): Promise<LevelBucket[][]> {
  if (parts.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const { job, attempt, width, from, to } of parts) {
    const [start, end] = [from, to].map((iteration) => (iteration / width) * recordBytes);
    pipeline.getrangeBuffer(levelKey(job, attempt, width), start!, end! - 1);
  }
  const replies = (await pipeline.exec()) ?? [];
  return parts.map(({ from, width }, i) => {
    const [error, records] = replies[i] as [Error | null, Buffer];
    if (error) throw error;
    return decodeBuckets(records, from, width);
  });
}
