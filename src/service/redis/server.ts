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
  /** Folder of the append-only file; made if missing. */
  folder: string;
  /** Whether data outlives the server; true by default. */
  persistent?: boolean;
  logger?: BaseLogger;
}

export interface RedisServer {
  /** Path of the server's unix socket, for use as `redisUrl`. It does not change on restarts. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Maximum bytes of a unix socket's path: 107 on Linux, 103 on macOS. */
const maxSocketPath = 103;
const startTimeout = 30_000;
const stopTimeout = 10_000;
/** Milliseconds within which the guard ends a server that has lost its supervisor. */
const orphanPatience = 1_000;
const maxRestartDelay = 5_000;

/**
 * Starts a private Redis that listens only on a unix socket, and restarts it whenever it dies, until `stop`.
 * @throws Error if there is no binary or the server does not start; UserError if the folder is in use.
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
      // A child that was started while the server was being stopped still has to be ended.
      if (this.stopping.signal.aborted) await this.end();
      if (child && isAlive(child)) await once(child, 'exit');
      if (this.stopping.signal.aborted) return;
      if (performance.now() - startedAt > maxRestartDelay) failures = 0;
      const { exitCode, signalCode } = child ?? {};
      this.options.logger?.warn({ exitCode, signalCode, output: this.output }, 'redis-server died; restarting it');
      // At once the first time, then with growing delays.
      const wait = failures === 0 ? 0 : Math.min(100 * 2 ** failures, maxRestartDelay);
      await delay(wait, null, { signal: this.stopping.signal }).catch(() => {});
      try {
        child = await this.launch();
      } catch (error) {
        child = null;
        await this.end();
        if (!this.stopping.signal.aborted) this.options.logger?.error(error, 'cannot start redis-server');
      }
    }
  }

  /** Starts one server process, and waits until it answers. */
  private async launch(): Promise<ChildProcess> {
    const { folder, binary, socket } = this;
    await rm(socket.path, { force: true });
    // In its own session: Ctrl-C in a terminal reaches only the service, which stops the server last.
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
      if (!isAlive(child)) throw new Error(`${binary} exited before it was ready: ${this.output.join(' | ')}`);
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
 * Ends the server when this process ends, even by SIGKILL: a shell waits on a pipe, which the kernel then closes.
 * Without it, a server would run until the next start on its folder.
 */
function endWithThisProcess(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'read -r _; kill "$1"', 'sh', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {}); // Without a shell, the next start ends the orphan.
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

/** A note for the next start, to find a server that outlived its supervisor. */
interface Note {
  socket: string;
  /**
   * Whether the server was started under the folder's lock. Version 0.1.0, with another kind of lock, did not write
   * this.
   */
  locked?: true;
}

function noteOf(folder: string): string {
  return join(folder, 'redis.json');
}

/**
 * Ends a server that still runs on the folder; the caller holds the lock. A server started under the lock has lost its
 * supervisor, so it is shut down over its socket: its pid may belong to another process, or to another PID namespace. A
 * server of version 0.1.0 may still have its supervisor.
 * @throws UserError if a server keeps running.
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
        `A redis-server still runs on ${folder}, from an older version or a service that does not stop: stop that service, or the server (redis-cli -s ${socket} shutdown), and try again.`,
        'usage',
      );
    if (isOurs) await shutDown(socket);
    await delay(20);
  }
}

/** The socket of the server that runs on the folder; null if none answers. */
async function runningOn(folder: string, note: Note | null): Promise<string | null> {
  const inFolder = join(folder, 'redis.sock');
  if (await askServer(inFolder)) return inFolder;
  // The folder's path was too long for a socket in it, or the folder is a copy of the one in the note.
  const elsewhere = note && note.socket !== inFolder ? await askServer(note.socket) : null;
  return elsewhere?.folder === folder ? note!.socket : null;
}
