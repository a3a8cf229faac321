import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createTemporaryFolder } from '../support/redis.js';
import { command, smallSpec, start } from './command.js';

/** Long enough to be still running. */
const longSpec = smallSpec.replace('iterations: 200', 'iterations: 1000000');

describe('the folders that commands write', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let options: { cwd: string };
  const isLocked = /^The folder \S+ is in use by process (\d+) on \S+ since \S+: stop that process first[^\n]*\n$/;
  before(async () => {
    folder = await createTemporaryFolder();
    options = { cwd: folder.path };
    await writeFile(join(folder.path, 'small.yaml'), smallSpec);
    await writeFile(join(folder.path, 'long.yaml'), longSpec);
  });
  after(() => folder.remove());

  async function stop(running: ReturnType<typeof start>): Promise<void> {
    const exited = once(running.child, 'exit');
    running.child.kill('SIGTERM');
    await exited;
  }

  it('are still in runs/ if the name of the document is only dots', async () => {
    await writeFile(join(folder.path, '...yaml'), smallSpec.replace('iterations: 200', 'iterations: 1'));
    assert.equal((await command(['train', '...yaml'], options)).code, 0);
    assert.ok((await readdir(join(folder.path, 'runs', 'run'))).includes('run.json'));
    assert.ok(!(await readdir(folder.path)).includes('run.json'));
  });

  it('belong to one command at a time: train, and compare into the same folder', async () => {
    assert.equal((await command(['train', 'small.yaml', '-o', 'trained'], options)).code, 0);
    const weights = join('trained', 'weights.safetensors');
    const running = start(['train', 'long.yaml', '-o', 'run', '--json'], options);
    await running.until('stdout', /"losses"/);
    for (const args of [
      ['train', 'long.yaml', '-o', 'run'],
      ['train', 'long.yaml', '-o', 'run', '--overwrite'],
      ['train', 'long.yaml', '-o', 'run', '--resume'],
      ['compare', weights, '--functions', '50', '-o', 'run'],
    ]) {
      const { code, stderr } = await command(args, options);
      assert.equal(code, 2, stderr);
      assert.equal(Number(isLocked.exec(stderr)?.[1]), running.child.pid, stderr);
    }
    await stop(running);
    // The rows of one run, each once and in order.
    const rows = (await readFile(join(folder.path, 'run', 'losses.csv'), 'utf8')).trimEnd().split('\n').slice(1);
    const places = rows.map((row) => row.split(',').slice(0, 2).map(Number) as [number, number]);
    places.forEach(([iteration, step], i) => {
      assert.ok(iteration * 5 + (step % 5) === i, rows[i]);
    });
    const left = await readdir(join(folder.path, 'run'));
    assert.deepEqual(
      left.filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('belong to one command at a time: reproduce, and train into one of its folders', async () => {
    const args = ['reproduce', 'seed', '--budget', 'quick', '--out', 'repro'];
    const running = start([...args, '--json'], options);
    const [, job = ''] = await running.until('stdout', /"job":"([^"]+)".*"losses"/);
    // Stopped during its first job: a process that does not respond still holds its lock.
    running.child.kill('SIGSTOP');
    for (const other of [
      args,
      [...args, '--overwrite'],
      ['train', 'long.yaml', '--overwrite', '-o', join('repro', job)],
    ]) {
      const { code, stderr } = await command(other, options);
      assert.equal(code, 2, stderr);
      assert.equal(Number(isLocked.exec(stderr)?.[1]), running.child.pid, stderr);
    }
    running.child.kill('SIGCONT');
    await stop(running);
  });

  it('are free again after their command was killed', async () => {
    const running = start(['train', 'long.yaml', '-o', 'killed', '--json'], options);
    await running.until('stdout', /"losses"/);
    const exited = once(running.child, 'exit');
    running.child.kill('SIGKILL');
    await exited;
    const { code, stderr } = await command(['train', 'small.yaml', '-o', 'killed', '--overwrite'], options);
    assert.equal(code, 0, stderr);
  });

  it('are refused if they cannot be created', { timeout: 60_000 }, async () => {
    for (const out of ['small.yaml', 'small.yaml/run', '/proc/run'])
      for (const args of [
        ['train', 'small.yaml'],
        ['compare', join('trained', 'weights.safetensors')],
        ['reproduce', 'seed', '--budget', 'quick'],
      ]) {
        const { code, stderr } = await command([...args, '--out', out], options);
        assert.equal(code, 2, stderr);
        assert.match(stderr, /^[^\n]*cannot be used as a folder \([^\n]*\): name another one\.\n$/);
      }
  });
});
