import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { UserError } from '../../src/contract/user-error.js';
import { lockFolder } from '../../src/files/folder-lock.js';
import { inPidNamespace, skipWithoutPidNamespace } from '../support/pid-namespace.js';
import { createTemporaryFolder } from '../support/redis.js';

const modulePath = new URL('../../src/files/folder-lock.js', import.meta.url).href;

/** Locks the folder, reports the outcome and its pid, and stays as long as its standard input is open. */
const program = `
  const [modulePath, folder, ahead] = process.argv.slice(1);
  const now = Date.now;
  Date.now = () => now() + Number(ahead);
  const { lockFolder } = await import(modulePath);
  let answer = 'locked';
  await lockFolder(folder, (warning) => (answer = warning)).catch((error) => (answer = error.message));
  console.log(JSON.stringify({ answer, pid: process.pid }));
  process.stdin.resume();
`;

/** A command that runs its arguments with the folder on a file system of message queues, which has no sockets. */
function withQueuesOn(folder: string): readonly string[] {
  return ['unshare', '--mount', '--ipc', 'sh', '-c', 'mount -t mqueue none "$0" && exec "$@"', folder];
}

const [unshare = '', ...withQueues] = withQueuesOn('/tmp');
const skipWithoutQueues =
  spawnSync(unshare, [...withQueues, 'true']).status === 0 ? false : 'mounting is not permitted here (unshare --mount)';

interface Answer {
  answer: string;
  pid: number;
}

/** Another process that locks the folder. */
function lockElsewhere(
  folder: string,
  { through = [], ahead = 0 }: { through?: readonly string[]; ahead?: number } = {},
) {
  const [command = '', ...args] = [...through, process.execPath, '--input-type=module', '-e', program];
  const child = spawn(command, [...args, modulePath, folder, String(ahead)], { stdio: ['pipe', 'pipe', 'inherit'] });
  // Its output is closed once every process that has it has ended, also one in a PID namespace.
  const over = once(child, 'close');
  const answer = once(createInterface({ input: child.stdout! }), 'line').then(([line]) => JSON.parse(line) as Answer);
  return {
    answer,
    async kill() {
      child.kill('SIGKILL');
      await over;
    },
  };
}

function refusal(pid: number): RegExp {
  return new RegExp(`in use by process ${pid} on ${hostname()} since \\d{4}-\\d\\d-\\d\\dT[^ ]+Z: stop that process`);
}

describe('the lock of a folder', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  let path: string;
  let others: ReturnType<typeof lockElsewhere>[];
  const elsewhere = (...options: Parameters<typeof lockElsewhere>) => {
    const other = lockElsewhere(...options);
    others.push(other);
    return other;
  };
  beforeEach(async () => {
    folder = await createTemporaryFolder();
    path = join(folder.path, 'locked');
    others = [];
  });
  afterEach(async () => {
    await Promise.all(others.map((other) => other.kill()));
    await folder.remove();
  });

  it('refuses the second comer, says who holds it, and leaves nothing when it is released', async () => {
    const lock = await lockFolder(path);
    await assert.rejects(lockFolder(path), (error) => error instanceof UserError && error.kind === 'usage');
    assert.match((await elsewhere(path).answer).answer, refusal(process.pid));
    // Refused processes have removed nothing.
    await assert.rejects(lockFolder(path), refusal(process.pid));
    await lock.release();
    assert.deepEqual(await readdir(path), []);
    await (await lockFolder(path)).release();
  });

  it('is free as soon as its holder is killed', async () => {
    const holder = elsewhere(path);
    const { answer, pid } = await holder.answer;
    assert.equal(answer, 'locked');
    await assert.rejects(lockFolder(path), refusal(pid));
    await holder.kill();
    await (await lockFolder(path)).release();
    assert.deepEqual(await readdir(path), []);
  });

  it('goes to exactly one of several that come at the same time, despite the files of a killed holder', async () => {
    const holder = elsewhere(path);
    await holder.answer;
    await holder.kill();
    const answers = await Promise.all(Array.from({ length: 8 }, () => elsewhere(path).answer));
    const locked = answers.filter(({ answer }) => answer === 'locked');
    assert.equal(locked.length, 1, JSON.stringify(answers));
    await assert.rejects(lockFolder(path), refusal(locked[0]!.pid));
  });

  it('holds though the clock was set back', async () => {
    const { answer, pid } = await elsewhere(path, { ahead: 3_600_000 }).answer;
    assert.equal(answer, 'locked');
    await assert.rejects(lockFolder(path), refusal(pid));
  });

  it('works in a folder whose path is too long for a socket', async () => {
    const long = join(path, 'x'.repeat(120));
    const lock = await lockFolder(long);
    assert.match((await elsewhere(long).answer).answer, refusal(process.pid));
    await lock.release();
    assert.deepEqual(await readdir(long), []);
  });

  it('warns if the file system has no sockets, and the folder is used without a lock', {
    skip: skipWithoutQueues,
  }, async () => {
    await mkdir(path);
    const through = withQueuesOn(path);
    assert.match((await elsewhere(path, { through }).answer).answer, /cannot be locked \(EPERM\): do not let a second/);
  });

  it('opens a folder with the lock of version 0.1.0 in it', async () => {
    await mkdir(path);
    await writeFile(join(path, 'owner.lock'), JSON.stringify({ pid: process.pid, started: '1', token: 'x' }));
    await (await lockFolder(path)).release();
  });

  it('holds from one PID namespace to another, both ways', { skip: skipWithoutPidNamespace }, async () => {
    const through = inPidNamespace!;
    const lock = await lockFolder(path);
    assert.match((await elsewhere(path, { through }).answer).answer, refusal(process.pid));
    await lock.release();
    const inside = elsewhere(path, { through });
    const { answer, pid } = await inside.answer;
    assert.deepEqual([answer, pid], ['locked', 1]);
    await assert.rejects(lockFolder(path), refusal(1));
    assert.match((await elsewhere(path, { through }).answer).answer, refusal(1));
    await inside.kill();
    await (await lockFolder(path)).release();
  });
});
