import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';

/** @throws Error where there is none, saying what to install. */
export async function findBinary(): Promise<string> {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of ['redis-server', 'valkey-server']) {
      const path = join(folder, name);
      if (folder !== '' && (await isExecutable(path))) return path;
    }
  throw new Error(
    'No redis-server or valkey-server was found on the PATH: install one (apt-get install redis-server, dnf install valkey, brew install redis), or set REDIS_URL to a Redis that runs already.',
  );
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** A server on a unix socket alone, which evicts nothing; persistent, it loses at most two seconds when it dies. */
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

/** What a server says of itself; null where nothing answers on the socket. */
export async function askServer(path: string): Promise<{ pid: number; folder: string; loading: boolean } | null> {
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
    const info = await redis.info();
    const field = (name: string) => new RegExp(`^${name}:(.*)\r?$`, 'm').exec(info)?.[1]?.trim() ?? '';
    const loading = field('loading') !== '0';
    const folder = loading ? '' : String(((await redis.config('GET', 'dir')) as string[])[1] ?? '');
    return { pid: Number(field('process_id')), folder, loading };
  } catch {
    return null;
  } finally {
    redis.disconnect();
  }
}
