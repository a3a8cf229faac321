import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type RedisServer, startRedisServer } from '../../src/service/redis/server.js';

/** A temporary folder for a test. */
export async function createTemporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'metadescent-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Gives the calling suite its own Redis, in a temporary folder. The result is filled in before the suite's first test;
 * `folder` may hold the suite's other files.
 */
export function withRedis(options: { persistent?: boolean } = {}): { url: string; folder: string } {
  const given = { url: '', folder: '' };
  let server: RedisServer | undefined;
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>> | undefined;
  before(async () => {
    folder = await createTemporaryFolder();
    server = await startRedisServer({ folder: join(folder.path, 'redis'), persistent: false, ...options });
    given.url = server.url;
    given.folder = folder.path;
  });
  after(async () => {
    await server?.stop();
    await folder?.remove();
  });
  return given;
}
