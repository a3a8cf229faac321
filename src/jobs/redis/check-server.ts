import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import { writableKey } from './keys.js';

/** XTRIM by id needs 6.2; Valkey and others report the Redis version that they are compatible with. */
const oldest = [6, 2] as const;

/**
 * Checks a Redis's version, and that it evicts nothing when full.
 * @throws ApiError `unavailable` if either is wrong.
 */
export async function checkServer(redis: Redis): Promise<void> {
  const info = `${await redis.info('server')}\n${await redis.info('memory')}`;
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version');
  if (version !== undefined && isOlder(version))
    throw new ApiError(
      'unavailable',
      `Redis is version ${version}, but at least ${oldest.join('.')} is needed: update it, or use another one.`,
    );
  const policy = field('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    throw new ApiError(
      'unavailable',
      `Redis has maxmemory-policy ${policy}, allowed: noeviction, since any other deletes jobs when Redis is full: run redis-cli config set maxmemory-policy noeviction, or set it in redis.conf.`,
    );
}

/** Checks that Redis accepts writes: not if it is full, a replica, or cannot save. @throws its error. */
export async function checkWritable(redis: Redis): Promise<void> {
  // The key does not exist, so nothing is written; Redis refuses writes before it checks that.
  await redis.set(writableKey, '', 'XX');
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}
