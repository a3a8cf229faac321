import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { FromChild, ToChild } from './messages.js';

const program = fileURLToPath(new URL('./child.js', import.meta.url));

/** How a child ended. */
export interface Exit {
  /** What a message says after "the child process". */
  readonly description: string;
  /** Whether its JavaScript heap was full. */
  readonly outOfMemory: boolean;
}

/** A child process that runs one job, from the worker's side. */
export class Child {
  readonly exited: Promise<Exit>;
  /** Takes the lines that the child prints. */
  logger: Logger;
  private readonly process: ChildProcess;
  private isOver = false;
  private heapFull = false;

  /** @param plugins files that it loads */
  constructor(logger: Logger, plugins: readonly string[] = []) {
    this.logger = logger;
    // A debugger's port and the like are the worker's own.
    const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
    const stdio: ('ignore' | 'pipe' | 'ipc')[] = ['ignore', 'pipe', 'pipe', 'ipc'];
    this.process = fork(program, plugins, { serialization: 'advanced', stdio, execArgv });
    this.logLines('stdout');
    this.logLines('stderr');
    this.exited = new Promise((resolve) => {
      // "close" comes after the last message and the last line of output; it never does where there is no process.
      this.process.once('close', (code, signal) => resolve(this.exit(code, signal)));
      this.process.on('error', (error) => {
        this.logger.error(error, 'child process');
        if (this.process.pid === undefined) resolve(this.exit(null, null));
      });
    });
  }

  /** Undefined where the process could not be started. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  get alive(): boolean {
    return !this.isOver && this.process.connected;
  }

  /** All that the child says from now to its end, each in an array of one. */
  messages(): AsyncIterable<[FromChild]> {
    return on(this.process, 'message', { close: ['close'] }) as AsyncIterable<[FromChild]>;
  }

  /** A child that is gone gets nothing; `exited` tells. */
  send(message: ToChild): void {
    if (this.process.connected) this.process.send(message, () => {});
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  private exit(code: number | null, signal: NodeJS.Signals | null): Exit {
    this.isOver = true;
    const how = signal ? `was ended by signal ${signal}` : `exited with code ${code}`;
    return {
      description: this.process.pid === undefined ? 'could not be started' : how,
      outOfMemory: this.heapFull && (signal === 'SIGABRT' || code === 134),
    };
  }

  private logLines(name: 'stdout' | 'stderr'): void {
    createInterface({ input: this.process[name]! }).on('line', (line) => {
      this.logger[name === 'stderr' ? 'warn' : 'info']({ stream: name }, line);
      if (line.includes('JavaScript heap out of memory')) this.heapFull = true;
    });
  }
}

/** Keeps one child warm, so that a job does not wait for its process to start and load. */
export class SpareChild {
  private spare: Child | null;
  private ended = false;

  constructor(
    private readonly logger: Logger,
    private readonly plugins?: readonly string[],
  ) {
    this.spare = new Child(logger, plugins);
  }

  /** @returns the spare; the next one starts in the background. */
  take(logger: Logger): Child {
    const child = this.spare?.alive ? this.spare : new Child(logger, this.plugins);
    child.logger = logger;
    this.spare = null;
    setImmediate(() => {
      if (!this.ended) this.spare ??= new Child(this.logger, this.plugins);
    });
    return child;
  }

  async end(): Promise<void> {
    this.ended = true;
    this.spare?.kill();
    await this.spare?.exited;
  }
}
