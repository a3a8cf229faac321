import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import { UserError } from '../../contract/user-error.js';
import { type Lock, lockFolder } from '../../files/folder-lock.js';
import { askServer, findBinary, serverArguments, shutDown } from './binary.js';

export interface RedisServerOptions {
  /** Holds the append-only file; made where it is missing. */
  folder: string;
  /** Whether what is written outlives the server; true by default. */
  persistent?: boolean;
  logger?: BaseLogger;
}

export interface RedisServer {
  /** Path of the server's unix socket, the `redisUrl` of whoever connects. It stays the same over restarts. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Bytes of a unix socket's path: 107 on Linux, 103 on macOS. */
const maxSocketPath = 103;
const startTimeout = 30_000;
const stopTimeout = 10_000;
/** Milliseconds in which a server that has lost its supervisor ends by itself: its guard sees to that. */
const orphanPatience = 1_000;
const maxRestartDelay = 5_000;

/**
 * Starts a Redis of our own, on a unix socket alone, and starts it again whenever it dies, until `stop`.
 * @throws Error where no binary is found, or the server does not come up; UserError where the folder is in use.
 */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const binary = await findBinary();
  const folder = resolve(options.folder);
  const lock = await lockFolder(folder);
  try {
    await endOrphan(folder);
    const server = new SupervisedServer(binary, folder, await socketFor(folder), options, lock);
    await server.start();
    return server;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class SupervisedServer implements RedisServer {
  private child: ChildProcess | null = null;
  private stopping = new AbortController();
  private supervision: Promise<void> = Promise.resolve();
  private output: string[] = [];

  constructor(
    private readonly binary: string,
    private readonly folder: string,
    private readonly socket: Socket,
    private readonly options: RedisServerOptions,
    private readonly lock: Lock,
  ) {}

  get url(): string {
    return this.socket.path;
  }

  async start(): Promise<void> {
    try {
      const child = await this.launch();
      this.supervision = this.supervise(child);
    } catch (error) {
      await this.end();
      await this.socket.remove();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.end();
    await this.supervision;
    await this.socket.remove();
    await rm(noteOf(this.folder), { force: true });
    await this.lock.release();
  }

  private async supervise(first: ChildProcess): Promise<void> {
    let child: ChildProcess | null = first;
    for (let failures = 0; ; failures++) {
      const startedAt = performance.now();
      // A child that was begun while the server was being stopped is still to be ended.
      if (this.stopping.signal.aborted) await this.end();
      if (child && isAlive(child)) await once(child, 'exit');
      if (this.stopping.signal.aborted) return;
      if (performance.now() - startedAt > maxRestartDelay) failures = 0;
      const { exitCode, signalCode } = child ?? {};
      this.options.logger?.warn({ exitCode, signalCode, output: this.output }, 'redis-server died: starting it again');
      // At once the first time, and then later and later.
      const wait = failures === 0 ? 0 : Math.min(100 * 2 ** failures, maxRestartDelay);
      await delay(wait, null, { signal: this.stopping.signal }).catch(() => {});
      try {
        child = await this.launch();
      } catch (error) {
        child = null;
        await this.end();
        if (!this.stopping.signal.aborted) this.options.logger?.error(error, 'redis-server does not start');
      }
    }
  }

  /** One server process, up to the moment at which it answers. */
  private async launch(): Promise<ChildProcess> {
    const { folder, binary, socket } = this;
    await rm(socket.path, { force: true });
    // A session of its own: Ctrl-C in a terminal reaches the service, which stops the server last.
    const child = spawn(binary, serverArguments(folder, socket.path, this.options.persistent ?? true), {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.output = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = [...this.output, ...text.trimEnd().split('\n')].slice(-10);
        this.options.logger?.debug({ output: text.trimEnd() }, 'redis-server');
      });
    await Promise.race([
      once(child, 'spawn'),
      once(child, 'error').then(([error]) => {
        throw error;
      }),
    ]);
    endWithThisProcess(child);
    await writeFile(noteOf(folder), JSON.stringify({ socket: socket.path, locked: true } satisfies Note));
    const deadline = Date.now() + startTimeout;
    while ((await askServer(socket.path))?.loading !== false) {
      if (!isAlive(child)) throw new Error(`${binary} ended before it was ready: ${this.output.join(' | ')}`);
      if (Date.now() > deadline) throw new Error(`${binary} was not ready within ${startTimeout} ms`);
      if (this.stopping.signal.aborted) throw new Error('the server was stopped before it was ready');
      await delay(10);
    }
    return child;
  }

  private async end(): Promise<void> {
    const child = this.child;
    if (!child || !isAlive(child)) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeout);
    await exited;
    clearTimeout(timer);
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/**
 * Ends the server when this process has ended, even by SIGKILL: a shell waits on a pipe that the kernel closes then.
 * Without it a server would stay until the next start on its folder.
 */
function endWithThisProcess(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'read -r _; kill "$1"', 'sh', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {}); // Without a shell the next start still ends the orphan.
  guard.stdin?.on('error', () => {});
  guard.unref();
  (guard.stdin as unknown as { unref(): void } | null)?.unref();
  child.once('exit', () => guard.kill('SIGKILL'));
}

interface Socket {
  path: string;
  remove(): Promise<void>;
}

async function socketFor(folder: string): Promise<Socket> {
  const path = join(folder, 'redis.sock');
  if (Buffer.byteLength(path) <= maxSocketPath) return { path, remove: () => rm(path, { force: true }) };
  const short = await mkdtemp(join(tmpdir(), 'metadescent-'));
  return { path: join(short, 'redis.sock'), remove: () => rm(short, { recursive: true, force: true }) };
}

/** What the next start has to know to find a server that outlived its supervisor. */
interface Note {
  socket: string;
  /** Whether the server was started under the folder's lock. Version 0.1.0 had another kind of lock, and did not say. */
  locked?: true;
}

function noteOf(folder: string): string {
  return join(folder, 'redis.json');
}

/**
 * Ends a server that still runs on the folder; the caller holds the lock. One that was started under the lock has
 * lost its supervisor, so it is told to shut down, over its socket: a pid may be another process's, or one of another
 * PID namespace. One of version 0.1.0 may have a supervisor that lives.
 * @throws UserError where a server goes on running.
 */
async function endOrphan(folder: string): Promise<void> {
  const note = await readFile(noteOf(folder), 'utf8').then(
    (text) => JSON.parse(text) as Note,
    () => null,
  );
  const isOurs = note?.locked === true;
  const deadline = performance.now() + (isOurs ? stopTimeout : orphanPatience);
  for (;;) {
    const socket = await runningOn(folder, note);
    if (socket === null) return;
    if (performance.now() > deadline)
      throw new UserError(
        `A redis-server still runs on ${folder}, of a service that was started by an older version or does not end: stop that service, or that server (redis-cli -s ${socket} shutdown), and start again.`,
        'usage',
      );
    if (isOurs) await shutDown(socket);
    await delay(20);
  }
}

/** The socket of a server whose folder this is; null where none answers. */
async function runningOn(folder: string, note: Note | null): Promise<string | null> {
  const inFolder = join(folder, 'redis.sock');
  if (await askServer(inFolder)) return inFolder;
  // The folder's path was too long for a socket in it; or the folder is a copy of the one that the note is about.
  const elsewhere = note && note.socket !== inFolder ? await askServer(note.socket) : null;
  return elsewhere?.folder === folder ? note!.socket : null;
}
