import { exitCodes } from './exit-codes.js';

/**
 * Turns Ctrl-C and SIGTERM into an abort, so that what runs can end in order. The second signal ends the process at
 * once.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly listener = () => {
    if (this.controller.signal.aborted) process.exit(exitCodes.interrupted);
    this.controller.abort();
  };

  constructor() {
    process.on('SIGINT', this.listener);
    process.on('SIGTERM', this.listener);
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
    process.off('SIGINT', this.listener);
    process.off('SIGTERM', this.listener);
  }
}
