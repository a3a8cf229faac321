import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isStoreOutage } from '../jobs/store-outage.js';

/** Milliseconds from one try to the next. */
const pause = 500;

export interface WaitOutOptions {
  /** Aborted: the last error is thrown. */
  stop: AbortSignal;
  /** Milliseconds after which it is given up. */
  patience: number;
  logger: Logger;
}

/** Repeats an action of the artifact store, or the start of a process, for as long as its failure is one that may pass. */
export async function waitOut<T>(action: () => Promise<T>, { stop, patience, logger }: WaitOutOptions): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isStoreOutage(error) || stop.aborted) throw error;
      if (performance.now() > deadline)
        throw new Error(`The job waited ${patience / 1000} s in vain: ${(error as Error).message}`, { cause: error });
      logger.warn(error, 'the job waits until this passes');
      await delay(pause, null, { signal: stop }).catch(() => {});
    }
  }
}
