import { Redis, type RedisOptions } from 'ioredis';
import type { BaseLogger } from 'pino';

/** @param url `redis://…`, `rediss://…` or the path of a unix socket. */
export function connectRedis(url: string, options: Omit<RedisOptions, 'replyMapping'>, logger?: BaseLogger): Redis {
  const redis = new Redis(url, {
    retryStrategy: (times) => Math.min(times * 50, 1000),
    ...options,
  });
  // Each failure also rejects the commands that it befell, or they wait: this is for the operator.
  redis.on('error', (error) => logger?.warn(error, 'Redis'));
  return redis;
}

const refusals = /^(OOM|LOADING|BUSY|MISCONF|READONLY|MASTERDOWN|NOREPLICAS)\b/;
const lost = /^(ECONN[A-Z]+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;
const lostConnections = /Connection is closed|Stream isn't writeable|max retries per request|Command timed out/i;

/** Whether Redis is full, out of reach or not ready: what was asked for may well pass later. */
export function isOutage(error: unknown): boolean {
  const { message = '', code = '', syscall } = error as NodeJS.ErrnoException;
  return refusals.test(message) || lostConnections.test(message) || syscall === 'connect' || lost.test(code);
}
