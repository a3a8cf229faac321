import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isStoreOutage } from '../jobs/store-outage.js';

/** Milliseconds between tries. */
const pause = 500;

export interface WaitOutOptions {
  /** Once aborted, the last error is thrown. */
  stop: AbortSignal;
  /** Milliseconds after which it gives up. */
  patience: number;
  logger: Logger;
}

/** Repeats an action of the artifact store, or the start of a process, while its error may pass. */
export async function waitOut<T>(action: () => Promise<T>, { stop, patience, logger }: WaitOutOptions): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isStoreOutage(error) || stop.aborted) throw error;
      if (performance.now() > deadline)
        throw new Error(`The job gave up after ${patience / 1000} s of retries: ${(error as Error).message}`, {
          cause: error,
        });
      logger.warn(error, 'the job is waiting; retrying');
      await delay(pause, null, { signal: stop }).catch(() => {});
    }
  }
}
