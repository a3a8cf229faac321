import type { Redis } from 'ioredis';
import { ApiError } from '../../contract/errors.js';
import { writableKey } from './keys.js';

/** XTRIM by id came with 6.2; Valkey and the like report the Redis version that they are compatible with. */
const oldest = [6, 2] as const;

/**
 * Sees whether a Redis keeps what it is given: what it says of its version, and of what it does once it is full.
 * @throws ApiError `unavailable` where it does not.
 */
export async function checkServer(redis: Redis): Promise<void> {
  const info = `${await redis.info('server')}\n${await redis.info('memory')}`;
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version');
  if (version !== undefined && isOlder(version))
    throw new ApiError(
      'unavailable',
      `Redis is version ${version}, at least ${oldest.join('.')} is needed: update it, or name another one.`,
    );
  const policy = field('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    throw new ApiError(
      'unavailable',
      `Redis has maxmemory-policy ${policy}, allowed: noeviction, since with any other it deletes jobs when it is full: run redis-cli config set maxmemory-policy noeviction, or set it in redis.conf.`,
    );
}

/** Sees whether Redis takes writes: a full one, a replica, or one that cannot save does not. @throws its error. */
export async function checkWritable(redis: Redis): Promise<void> {
  // The key does not exist, so nothing is written; a write that would be refused is refused before that is looked at.
  await redis.set(writableKey, '', 'XX');
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}
