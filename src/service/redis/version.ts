import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { findBinary } from './binary.js';

/**
 * A description of the Redis that a service would use.
 * @param url of a running Redis; without it, looks for the program of a private one
 * @throws Error with what is missing.
 */
export async function describeRedis(url: string | undefined): Promise<string> {
  if (!url) {
    const path = await findBinary();
    const { stdout } = await promisify(execFile)(path, ['--version']);
    return `${/v=(\S+)/.exec(stdout)?.[1] ?? 'unknown version'}, private, ${path}`;
  }
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 2000, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    const version = /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1];
    return `${version ?? 'unknown version'}, at REDIS_URL`;
  } catch (error) {
    throw new Error(`The Redis that REDIS_URL names cannot be reached (${(error as Error).message}).`);
  } finally {
    redis.disconnect();
  }
}
