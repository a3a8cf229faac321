import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../contract/user-error.js';
import { cannotUse, makeNamedFolder } from './make-folder.js';

/** A folder that belongs to this process until `release`, or until the process ends for any reason. */
export interface Lock {
  release(): Promise<void>;
}

/** The holder of a lock, from the file beside its socket. The pid is the one in the holder's own PID namespace. */
interface Holder {
  pid: number;
  host: string;
  /** ISO 8601. */
  since: string;
}

/** Bytes of a unix socket's path: 107 on Linux, 103 on macOS. */
const maxSocketPath = 103;
/** Milliseconds within which a process that came later, by the clock, gives way. */
const patience = 2000;
/** Error codes of file systems without sockets. */
const noSockets = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);
/** The milliseconds of the Unix epoch in base 36, so that the names sort by age; then six random digits. */
const lockName = /^\.lock-[0-9a-z]{9}[0-9a-f]{6}$/;

/**
 * Locks a folder for this process, and creates it if it is missing.
 *
 * Each process listens on its own unix socket in the folder, and then looks for others: of two, the later one sees the
 * earlier. The kernel closes the socket when its process ends for any reason, and connects to it from every PID namespace
 * that sees the folder. Names are never reused, so removing a dead socket never removes another's.
 *
 * @param warn called if the file system has no sockets; the folder is then used without a lock
 * @throws UserError if the folder is already locked, by this process or another, or cannot be used
 */
export async function lockFolder(path: string, warn?: (message: string) => void): Promise<Lock> {
  const folder = resolve(path);
  await makeNamedFolder(folder);
  const name = `.lock-${Date.now().toString(36).padStart(9, '0')}${randomBytes(3).toString('hex')}`;
  const sockets = await socketFolder(folder, name);
  try {
    const server = await announce(folder, sockets.path, name);
    const release = async () => {
      await remove(folder, name);
      server.close();
    };
    const holder = await findHolder(folder, sockets.path, name);
    if (holder === null) return { release };
    await release();
    throw inUse(path, await readHolder(folder, holder));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!noSockets.has(code) || !warn) throw cannotUse(path, error as NodeJS.ErrnoException);
    warn(`${path} cannot be locked (${code}): do not let a second command use it at the same time.`);
    return { release: async () => {} };
  } finally {
    await sockets.remove();
  }
}

/** Runs the action with the folder locked. A folder that was created for it and is empty afterwards is removed. */
export async function withLock<T>(path: string, warn: (message: string) => void, action: () => Promise<T>): Promise<T> {
  const isNew = !existsSync(path);
  const lock = await lockFolder(path, warn);
  try {
    return await action();
  } finally {
    await lock.release();
    // Fails if the folder holds a file.
    if (isNew) await rmdir(path).catch(() => {});
  }
}

/** Listens under the name, which appears only once the socket listens, so that others can connect at once. */
async function announce(folder: string, sockets: string, name: string): Promise<Server> {
  const server = createServer((connection) => connection.destroy());
  server.unref();
  const draft = name.replace('lock', 'bind');
  // Connecting requires write permission, which other users of the folder need.
  server.listen({ path: join(sockets, draft), readableAll: true, writableAll: true });
  await once(server, 'listening');
  try {
    const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    await writeFile(noteOf(folder, name), JSON.stringify(holder));
    await rename(join(folder, draft), join(folder, name));
    return server;
  } catch (error) {
    server.close();
    await remove(folder, name);
    throw error;
  }
}

/** @returns the name of another's live lock; null if the folder is ours */
async function findHolder(folder: string, sockets: string, own: string): Promise<string | null> {
  const deadline = performance.now() + patience;
  for (;;) {
    const [oldest] = await liveLocks(folder, sockets, own);
    if (oldest === undefined) return null;
    // A younger one will see ours and give way, unless the clock was set back since it locked the folder.
    if (oldest < own || performance.now() > deadline) return oldest;
    await delay(20);
  }
}

/** The live locks of others, the oldest first. Dead ones are removed. */
async function liveLocks(folder: string, sockets: string, own: string): Promise<string[]> {
  const live: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name === own || !lockName.test(name)) continue;
    if (await isLive(join(sockets, name))) live.push(name);
    else await remove(folder, name);
  }
  return live;
}

/** Whether a process listens there, even one that is too busy to answer. */
function isLive(path: string): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(path);
    socket.on('connect', () => answer(true));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => answer(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
    socket.on('connect', () => socket.destroy());
  });
}

function noteOf(folder: string, name: string): string {
  return join(folder, `${name}.json`);
}

async function remove(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
  await rm(noteOf(folder, name), { force: true });
}

async function readHolder(folder: string, name: string): Promise<Holder | null> {
  return readFile(noteOf(folder, name), 'utf8').then(
    (text) => JSON.parse(text) as Holder,
    () => null,
  );
}

function inUse(path: string, holder: Holder | null): UserError {
  const who = holder ? `process ${holder.pid} on ${holder.host} since ${holder.since}` : 'another process';
  return new UserError(
    `The folder ${path} is in use by ${who}: stop that process first, or name another folder.`,
    'usage',
  );
}

/** A path to the folder that is short enough for sockets in it. */
async function socketFolder(folder: string, name: string): Promise<{ path: string; remove(): Promise<void> }> {
  if (Buffer.byteLength(join(folder, name)) <= maxSocketPath) return { path: folder, remove: async () => {} };
  const short = await mkdtemp(join(tmpdir(), 'metadescent-'));
  const path = join(short, 'f');
  await symlink(folder, path);
  return { path, remove: () => rm(short, { recursive: true, force: true }) };
}
