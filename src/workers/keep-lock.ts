import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

const script = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;

/**
 * Keeps a lock alive by PEXPIRE, which a full Redis still accepts. BullMQ renews its locks by SET, which it refuses: a
 * job that waits for room would be taken for lost.
 * @param duration milliseconds
 * @returns what ends it.
 */
export function keepLock(redis: Redis, key: string, token: string, duration: number, logger: Logger): () => void {
  const timer = setInterval(() => {
    redis.eval(script, 1, key, token, duration).catch((error) => logger.warn(error, 'the lock could not be renewed'));
  }, duration / 3);
  return () => clearInterval(timer);
}
