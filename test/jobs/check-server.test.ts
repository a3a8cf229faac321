import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { buildApp } from '../../src/api/app.js';
import { FolderArtifactStore } from '../../src/jobs/artifacts.js';
import { openJobs } from '../../src/jobs/redis-jobs.js';
import { type RedisServer, startRedisServer } from '../../src/service/redis/server.js';
import { command } from '../cli/command.js';
import { createTemporaryFolder } from '../support/redis.js';
import { errorOf, type Harness, openHarness } from './harness.js';

describe('a Redis that does not keep jobs', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let server: RedisServer;
  let harness: Harness;
  beforeEach(async () => {
    folder = await createTemporaryFolder();
    server = await startRedisServer({ folder: join(folder.path, 'redis'), persistent: false });
    harness = await openHarness({ url: server.url, folder: folder.path });
  });
  afterEach(async () => {
    await harness.close();
    await server.stop();
    await folder.remove();
  });

  const set = (name: string, value: string) => harness.redis.config('SET', name, value);
  const artifacts = () => new FolderArtifactStore(join(folder.path, 'artifacts'));

  it('makes /readyz false while it refuses writes, or would delete jobs; /healthz stays', async () => {
    const app = await buildApp({ jobs: harness.jobs });
    const ask = async (url: string) => {
      const { statusCode, json } = await app.inject({ url });
      return [statusCode, json<{ code?: string; detail?: string }>()] as const;
    };
    const states: [cause: string, begin: () => Promise<unknown>, end: () => Promise<unknown>, said: RegExp][] = [
      [
        'evicts',
        () => set('maxmemory-policy', 'volatile-lru'),
        () => set('maxmemory-policy', 'noeviction'),
        /^Redis has maxmemory-policy volatile-lru, allowed: noeviction, /,
      ],
      ['is full', () => set('maxmemory', '1'), () => set('maxmemory', '0'), /OOM/],
      [
        'is a replica',
        () => harness.redis.replicaof('127.0.0.1', 1),
        () => harness.redis.replicaof('NO', 'ONE'),
        /READONLY/,
      ],
      ['cannot save', failToSave, () => set('stop-writes-on-bgsave-error', 'no'), /MISCONF/],
    ];
    try {
      for (const [cause, begin, end, said] of states) {
        assert.deepEqual(await ask('/readyz'), [200, { status: 'ok' }], cause);
        await begin();
        const [status, { code, detail }] = await ask('/readyz');
        assert.deepEqual([status, code], [503, 'unavailable'], cause);
        assert.match(detail ?? '', said);
        assert.deepEqual(await ask('/healthz'), [200, { status: 'ok' }], cause);
        await end();
      }
      assert.deepEqual(await ask('/readyz'), [200, { status: 'ok' }]);
      assert.deepEqual(await harness.redis.keys('*writable*'), []);
    } finally {
      await app.close();
    }
  });

  /** Makes Redis save and fail. */
  async function failToSave(): Promise<void> {
    await set('save', '3600 1');
    await rm(join(folder.path, 'redis'), { recursive: true });
    await harness.redis.bgsave();
    while (!/rdb_last_bgsave_status:err/.test(await harness.redis.info('persistence')));
  }

  it('is refused at start, with one sentence', async () => {
    await set('maxmemory-policy', 'allkeys-lru');
    await assert.rejects(openJobs({ redisUrl: server.url, artifacts: artifacts() }), errorOf('unavailable'));
    const data = join(folder.path, 'data');
    for (const args of [['serve', '--port', '0'], ['api', '--port', '0'], ['worker']]) {
      const { code, stderr } = await command([...args, '--redis', server.url, '--data', data]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /^Redis has maxmemory-policy allkeys-lru, allowed: noeviction[^\n]*\n$/);
    }
  });

  it('does not prevent a service from starting if it is only full', async () => {
    await set('maxmemory', '1');
    const jobs = await openJobs({ redisUrl: server.url, artifacts: artifacts() });
    await assert.rejects(jobs.ping(), errorOf('unavailable'));
    await jobs.close();
  });

  it('is refused if it is too old', async () => {
    const proxy = await ageing(server.url);
    const { port } = proxy.address() as AddressInfo;
    try {
      await assert.rejects(
        openJobs({ redisUrl: `redis://127.0.0.1:${port}`, artifacts: artifacts() }),
        (error: Error) =>
          errorOf('unavailable')(error) && /version 5\.\S+, but at least 6\.2 is needed/.test(error.message),
      );
    } finally {
      proxy.close();
    }
  });
});

/** The same Redis, which reports version 5. */
async function ageing(socket: string): Promise<Server> {
  const proxy = createServer((client) => {
    const upstream = connect(socket);
    client.pipe(upstream);
    upstream.on('data', (data) => client.write(data.toString('latin1').replace(/(redis_version:)\d/, '$15'), 'latin1'));
    client.on('close', () => upstream.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}
