import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedisServer } from '../../src/service/redis/server.js';
import { inPidNamespace, skipWithoutPidNamespace } from '../support/pid-namespace.js';
import { createTemporaryFolder } from '../support/redis.js';

async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ path: url });
  redis.on('error', () => {});
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

async function pidOf(url: string): Promise<number> {
  const info = await ask(url, (redis) => redis.info('server'));
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A separate process that starts a server on the folder, prints its url and keeps running. */
const starter = `
  const { startRedisServer } = await import(process.argv[1]);
  const { url } = await startRedisServer({ folder: process.argv[2] });
  console.log(url);
`;
const modulePath = new URL('../../src/service/redis/server.js', import.meta.url).href;
function startElsewhere(folder: string, through: readonly string[] = []) {
  const [command = '', ...args] = [...through, process.execPath, '--input-type=module', '-e', starter];
  return spawn(command, [...args, modulePath, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('a private Redis', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  beforeEach(async () => {
    folder = await createTemporaryFolder();
  });
  afterEach(() => folder.remove());

  it('keeps its data from one start to the next', async () => {
    const first = await startRedisServer({ folder: folder.path });
    await ask(first.url, (redis) => redis.set('key', 'value'));
    await first.stop();
    const second = await startRedisServer({ folder: folder.path });
    assert.equal(await ask(second.url, (redis) => redis.get('key')), 'value');
    await second.stop();
  });

  it('evicts nothing, has no port, and is only for this user', async () => {
    const server = await startRedisServer({ folder: folder.path });
    const settings = await ask(server.url, (redis) =>
      Promise.all(
        ['port', 'maxmemory-policy', 'appendonly', 'appendfsync', 'unixsocketperm'].map(
          async (name) => ((await redis.config('GET', name)) as string[])[1],
        ),
      ),
    );
    assert.deepEqual(settings, ['0', 'noeviction', 'yes', 'everysec', '700']);
    await server.stop();
  });

  it('is restarted when killed, at the same address', async () => {
    const server = await startRedisServer({ folder: folder.path });
    const pid = await pidOf(server.url);
    process.kill(pid, 'SIGKILL');
    await until(() => !isRunning(pid));
    const redis = new Redis({ path: server.url, retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on('error', () => {});
    assert.equal(await redis.ping(), 'PONG');
    redis.disconnect();
    assert.notEqual(await pidOf(server.url), pid);
    await server.stop();
  });

  it('refuses a folder that is in use, and names the process', async () => {
    const server = await startRedisServer({ folder: folder.path });
    await assert.rejects(startRedisServer({ folder: folder.path }), new RegExp(`in use by process ${process.pid} on `));
    const other = startElsewhere(folder.path);
    const [[code], [output]] = await Promise.all([once(other, 'exit'), once(other.stderr, 'data')]);
    assert.equal(code, 1);
    assert.match(String(output), new RegExp(`in use by process ${process.pid} on `));
    await server.stop();
  });

  it('refuses from another PID namespace too, and leaves the server there alone', {
    skip: skipWithoutPidNamespace,
  }, async () => {
    const server = await startRedisServer({ folder: folder.path });
    const pid = await pidOf(server.url);
    for (let i = 0; i < 2; i++) {
      const other = startElsewhere(folder.path, inPidNamespace!);
      const [[code], [output]] = await Promise.all([once(other, 'exit'), once(other.stderr, 'data')]);
      assert.equal(code, 1);
      assert.match(String(output), new RegExp(`in use by process ${process.pid} on `));
    }
    await assert.rejects(startRedisServer({ folder: folder.path }), /in use by process/);
    assert.equal(await pidOf(server.url), pid);
    await server.stop();
  });

  it('ends with its supervisor, even a killed one, and its data is there at the next start', async () => {
    const other = startElsewhere(folder.path);
    const [line] = await once(other.stdout, 'data');
    const url = String(line).trim();
    await ask(url, (redis) => redis.set('key', 'value'));
    const pid = await pidOf(url);
    other.kill('SIGKILL');
    await until(() => !isRunning(pid));
    const server = await startRedisServer({ folder: folder.path });
    assert.equal(await ask(server.url, (redis) => redis.get('key')), 'value');
    await server.stop();
  });

  /** A server without a supervisor, with the note that its supervisor left. */
  async function startOrphan(note: object, through: readonly string[] = []) {
    const socket = join(folder.path, 'redis.sock');
    const [command = '', ...args] = [...through, 'redis-server', '--port', '0', '--unixsocket', socket];
    const orphan = spawn(command, args, { cwd: folder.path, stdio: 'ignore' });
    await until(() => pidOf(socket).then(Boolean, () => false));
    await writeFile(join(folder.path, 'redis.json'), JSON.stringify({ socket, ...note }));
    return { orphan, socket, exited: once(orphan, 'exit') };
  }

  it('takes over from a server that lost its supervisor', async () => {
    const { exited, socket } = await startOrphan({ locked: true });
    await ask(socket, (redis) => redis.set('key', 'value'));
    const server = await startRedisServer({ folder: folder.path });
    await exited;
    await server.stop();
  });

  it('takes over from one in another PID namespace, and signals no other process with its pid', {
    skip: skipWithoutPidNamespace,
  }, async () => {
    const { exited } = await startOrphan({ locked: true }, inPidNamespace!);
    const server = await startRedisServer({ folder: folder.path });
    await exited;
    await server.stop();
  });

  it('leaves a server that version 0.1.0 started alone, and reports what to do', async () => {
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    // Its pid, as if from another PID namespace, is that of one of our processes.
    const { orphan, exited } = await startOrphan({ pid: stranger.pid });
    await assert.rejects(startRedisServer({ folder: folder.path }), /redis-server still runs on .*: stop that service/);
    assert.ok(isRunning(orphan.pid!) && isRunning(stranger.pid!));
    orphan.kill();
    await exited;
    const server = await startRedisServer({ folder: folder.path });
    await server.stop();
    assert.ok(isRunning(stranger.pid!));
    stranger.kill();
  });

  it('works in a folder with a path too long for a socket', async () => {
    const long = join(folder.path, 'x'.repeat(120));
    await mkdir(long);
    const server = await startRedisServer({ folder: long });
    assert.equal(await ask(server.url, (redis) => redis.ping()), 'PONG');
    await server.stop();
  });

  it('reports what to install if there is no binary', async () => {
    const path = process.env.PATH;
    process.env.PATH = folder.path;
    try {
      await assert.rejects(startRedisServer({ folder: folder.path }), /apt-get install redis-server/);
    } finally {
      process.env.PATH = path;
    }
  });
});
