import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createTemporaryFolder } from '../support/redis.js';
import { command, main, smallSpec, start } from './command.js';

const longSpec = smallSpec.replace('iterations: 200', 'iterations: 10000000');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('output that cannot be written', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let cwd: string;
  before(async () => {
    folder = await createTemporaryFolder();
    cwd = folder.path;
    await writeFile(join(cwd, 'small.yaml'), smallSpec);
    await writeFile(join(cwd, 'long.yaml'), longSpec);
  });
  after(() => folder.remove());

  /** Runs a command whose standard output or error, or both, cannot be written: their reader leaves at once. */
  const unread = (args: string[], ...names: ('stdout' | 'stderr')[]) => {
    const { child, ended } = start(args, { cwd });
    for (const name of names) child[name]!.destroy();
    return ended;
  };
  /** Runs a command with one stream on a full disk. */
  const onFullDisk = async (args: string[], stream: 'stdout' | 'stderr') => {
    const full = openSync('/dev/full', 'w');
    const output = {
      stdout: stream === 'stdout' ? full : 'pipe',
      stderr: stream === 'stderr' ? full : 'pipe',
    } as const;
    const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', output.stdout, output.stderr] });
    let said = '';
    for (const readable of [child.stdout, child.stderr])
      readable?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const [code] = await once(child, 'close');
    return { code, said };
  };
  const stateOf = async (name: string) => JSON.parse(await readFile(join(cwd, name, 'run.json'), 'utf8')).state;

  it('does not end a training whose reader has left', async () => {
    const silent = await unread(['train', 'small.yaml', '-o', 'a'], 'stderr');
    assert.deepEqual([silent.code, await stateOf('a')], [0, 'succeeded']);
    const both = await unread(['train', 'small.yaml', '-o', 'b', '--json'], 'stdout', 'stderr');
    assert.deepEqual([both.code, await stateOf('b')], [0, 'succeeded']);
  });

  it('does not end a training on a full disk', async () => {
    const progress = await onFullDisk(['train', 'small.yaml', '-o', 'c'], 'stderr');
    assert.deepEqual([progress.code, await stateOf('c')], [0, 'succeeded']);
    const table = await onFullDisk(['train', 'small.yaml', '-o', 'd'], 'stdout');
    assert.deepEqual([table.code, await stateOf('d')], [0, 'succeeded'], table.said);
    assert.match(table.said, /^Standard output cannot be written: ENOSPC/m);
    assert.doesNotMatch(table.said, /^ +at /m);
  });

  it('stops neither a service nor its clean stop, and jobs end with their own status', async () => {
    const server = start(['serve', '--port', '0', '--log-level', 'trace'], { cwd });
    const [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
    server.child.stderr!.destroy();
    const at = ['--server', url];
    const watched = await unread(['submit', 'small.yaml', '--watch', ...at], 'stdout', 'stderr');
    assert.equal(watched.code, 0);
    const { stdout } = await command(['submit', 'long.yaml', ...at], { cwd });
    const job = stdout.trim();
    const followed = start(['watch', job, '--json', ...at], { cwd });
    await followed.until('stdout', /"losses"/);
    followed.child.stdout!.destroy();
    assert.equal((await followed.ended).code, 0, 'nobody reads its lines: it ends');
    const list = await onFullDisk(['jobs', ...at], 'stdout');
    assert.equal(list.code, 1, 'a list that cannot be written is a failure');
    assert.match(list.said, /^Standard output cannot be written: ENOSPC.*\n$/);
    const exited = once(server.child, 'exit');
    server.child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
    for (const part of ['data', 'data/redis']) {
      const names = await readdir(join(cwd, part));
      assert.deepEqual(
        names.filter((name) => /lock/.test(name)),
        [],
        'its locks are released',
      );
    }
    const artifacts = await readdir(join(cwd, 'data/artifacts', job));
    assert.ok(
      artifacts.some((name) => name.startsWith('checkpoint')),
      artifacts.join(),
    );
  });

  it('does not stop a service whose log is on a full disk', async () => {
    const full = openSync('/dev/full', 'w');
    const port = await freePort();
    const args = ['serve', '--port', `${port}`, '--data', 'other', '--log-level', 'trace'];
    const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', full, full] });
    const exited = once(child, 'exit');
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await answers())) {
      assert.equal(child.exitCode, null);
      await delay(50);
    }
    child.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
  });
});
