import { exitCodes } from './exit-codes.js';
import { say } from './output.js';

/** Ctrl-C, a supervisor, a closed terminal and Ctrl-\ all ask a command to stop. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Printed at the first signal by commands that train or compare here. */
export const takingCheckpoint = 'Stopping: taking a checkpoint first. Interrupt again to end at once, without one.';

/** Milliseconds after the first signal in which a second one is ignored. */
const grace = 1000;

/** Milliseconds between checks of the parent process, under npm. */
const parentEvery = 500;

/**
 * Turns the first signal into an abort, so that the command can stop cleanly. A second signal within a second is
 * ignored; a later one, or a third, ends the process at once.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private count = 0;
  private firstAt = 0;
  private isTogether = false;
  private readonly parentWatch: NodeJS.Timeout | undefined;

  private readonly listener = () => {
    // Signals that arrive while the event loop is blocked are delivered in one turn, and count as one.
    if (this.isTogether) return;
    this.isTogether = true;
    setImmediate(() => {
      this.isTogether = false;
    });
    this.count++;
    if (this.count === 1) {
      this.firstAt = performance.now();
      this.onFirst();
      this.controller.abort();
    } else if (this.count > 2 || performance.now() - this.firstAt > grace) {
      say('Ended at once.');
      process.exit(exitCodes.interrupted);
    }
  };

  /** @param onFirst reports what the first signal does, before it is done. */
  constructor(private readonly onFirst: () => void) {
    for (const signal of signals) process.on(signal, this.listener);
    // npx and `npm run` pass a signal to a shell, which ends and leaves the command running.
    if (process.env.npm_command !== undefined) this.parentWatch = this.watchParent(process.ppid);
  }

  private watchParent(parent: number): NodeJS.Timeout {
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      if (this.count === 0) this.listener();
    }, parentEvery);
    return timer.unref();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Resolves at the first signal. */
  get happened(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  dispose(): void {
    clearInterval(this.parentWatch);
    for (const signal of signals) process.off(signal, this.listener);
  }
}
