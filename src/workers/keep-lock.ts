import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

const script = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/**
 * Renews a lock by PEXPIRE, which a full Redis still accepts. BullMQ renews its locks by SET, which a full Redis
 * refuses, so that a job waiting for space would count as lost.
 * @param duration milliseconds
 * @returns a function that stops the renewal.
 */
export function keepLock(redis: Redis, key: string, token: string, duration: number, logger: Logger): () => void {
  const timer = setInterval(() => {
    redis.eval(script, 1, key, token, duration).catch((error) => logger.warn(error, 'cannot renew the lock'));
  }, duration / 3);
  return () => clearInterval(timer);
}
