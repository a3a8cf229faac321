import { resolve } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import type { BaseLogger } from 'pino';

/** @param url `redis://…`, `rediss://…` or the path of a unix socket. */
export function connectRedis(url: string, options: Omit<RedisOptions, 'replyMapping'>, logger?: BaseLogger): Redis {
  const all = { retryStrategy: (times: number) => Math.min(times * 50, 1000), ...options };
  // A path is passed as such: in a URL it could contain an escape or a query.
  const redis = url.includes('://') ? new Redis(url, all) : new Redis({ ...all, path: resolve(url) });
  // For the operator: a failure also rejects the affected commands, or they wait.
  redis.on('error', (error) => logger?.warn(error, 'Redis'));
  return redis;
}

/** For requests: a command fails after three quarters of a second of attempts to connect. */
export const impatient = { maxRetriesPerRequest: 5, retryStrategy: () => 150, connectTimeout: 2000 } as const;

const refusals = /^(OOM|LOADING|BUSY|MISCONF|READONLY|MASTERDOWN|NOREPLICAS)\b/;
const lost = /^(ECONN[A-Z]+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;
const lostConnections = /Connection is closed|Stream isn't writeable|max retries per request|Command timed out/i;

/** Whether Redis is full, unreachable or not ready, so that the same command may succeed later. */
export function isOutage(error: unknown): boolean {
  const { message = '', code = '', syscall } = error as NodeJS.ErrnoException;
  return refusals.test(message) || lostConnections.test(message) || syscall === 'connect' || lost.test(code);
}
