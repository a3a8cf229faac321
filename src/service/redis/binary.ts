import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';

/** @throws Error if there is none, with what to install. */
export async function findBinary(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of ['redis-server', 'valkey-server']) {
      const path = join(folder, name);
      if (folder !== '' && (await isExecutable(path))) return path;
    }
  throw new Error(
    'No redis-server or valkey-server was found on the PATH: install one (apt-get install redis-server, dnf install valkey, brew install redis), or set REDIS_URL to a running Redis.',
  );
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * A server that listens only on a unix socket and evicts nothing. If persistent, it loses at most two seconds in a
 * crash.
 */
export function serverArguments(folder: string, socket: string, persistent: boolean): string[] {
  const settings: Record<string, string> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    save: '',
    appendonly: persistent ? 'yes' : 'no',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    loglevel: 'warning',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** What a server reports about itself; null if nothing answers on the socket. */
export async function askServer(path: string): Promise<{ folder: string; loading: boolean } | null> {
  return withServer(path, async (redis) => {
    const loading = /^loading:[^0]/m.test(await redis.info('persistence'));
    const folder = loading ? '' : String(((await redis.config('GET', 'dir')) as string[])[1] ?? '');
    return { folder, loading };
  });
}

/** Makes a server save its data and exit, which may take a while. */
export async function shutDown(path: string): Promise<void> {
  await withServer(path, (redis) => redis.shutdown());
}

/** @returns null if nothing answers on the socket. */
async function withServer<T>(path: string, action: (redis: Redis) => Promise<T>): Promise<T | null> {
  const redis = new Redis({
    path,
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    commandTimeout: 2_000,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await action(redis);
  } catch {
    return null;
  } finally {
    redis.disconnect();
  }
}
