import { type ChildProcess, fork } from 'node:child_process';
import { on, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Additions } from './additions.js';
import type { FromChild, ToChild } from './messages.js';

const program = fileURLToPath(new URL('./child.js', import.meta.url));

/** How a child ended. */
export interface Exit {
  /** Continues "The child process that ran the job". */
  readonly description: string;
  /** Whether its JavaScript heap was full. */
  readonly outOfMemory: boolean;
}

/** A child process that runs one job, from the worker's side. */
export class Child {
  readonly exited: Promise<Exit>;
  /** Gets the lines that the child prints. */
  logger: Logger;
  private isOver = false;
  private heapFull = false;

  private constructor(
    private readonly process: ChildProcess,
    logger: Logger,
  ) {
    this.logger = logger;
    this.logLines('stdout');
    this.logLines('stderr');
    this.process.on('error', (error) => this.logger.error(error, 'child process'));
    this.exited = new Promise((resolve) => {
      // "close" comes after the last message and the last line of output.
      this.process.once('close', (code, signal) => resolve(this.exit(code, signal)));
    });
  }

  /**
   * @param additions what the child adds to the problems and data sets
   * @throws the system's error if it cannot start a process, for lack of descriptors or memory.
   */
  static async start(logger: Logger, additions: Additions = { plugins: [], datasets: [] }): Promise<Child> {
    // Only the worker gets the debugger's port.
    const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
    const stdio: ('ignore' | 'pipe' | 'ipc')[] = ['ignore', 'pipe', 'pipe', 'ipc'];
    const child = fork(program, [JSON.stringify(additions)], { serialization: 'advanced', stdio, execArgv });
    if (child.pid === undefined) throw (await once(child, 'error'))[0];
    return new Child(child, logger);
  }

  get pid(): number {
    return this.process.pid!;
  }

  get alive(): boolean {
    return !this.isOver && this.process.connected;
  }

  /** All messages of the child from now until its end, each in an array of one. */
  messages(): AsyncIterable<[FromChild]> {
    return on(this.process, 'message', { close: ['close'] }) as AsyncIterable<[FromChild]>;
  }

  /** Does nothing once the child has exited. */
  send(message: ToChild): void {
    if (this.process.connected) this.process.send(message, () => {});
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  private exit(code: number | null, signal: NodeJS.Signals | null): Exit {
    this.isOver = true;
    return {
      description: signal ? `was ended by signal ${signal}` : `exited with code ${code}`,
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

/** Keeps one child ready, so that a job need not wait for its process to start and load. */
export class SpareChild {
  private spare: Promise<Child | null> | null;
  private ended = false;

  constructor(
    private readonly logger: Logger,
    private readonly additions?: Additions,
  ) {
    this.spare = this.prepare();
  }

  /** @returns the spare; the next one starts in the background. @throws as {@link Child.start}. */
  async take(logger: Logger): Promise<Child> {
    const taken = this.spare;
    this.spare = null;
    setImmediate(() => {
      if (!this.ended) this.spare ??= this.prepare();
    });
    const spare = await taken;
    const child = spare?.alive ? spare : await Child.start(logger, this.additions);
    child.logger = logger;
    return child;
  }

  async end(): Promise<void> {
    this.ended = true;
    const spare = await this.spare;
    spare?.kill();
    await spare?.exited;
  }

  private prepare(): Promise<Child | null> {
    return Child.start(this.logger, this.additions).catch((error) => {
      this.logger.warn(error, 'cannot start a process for the next job in advance');
      return null;
    });
  }
}
