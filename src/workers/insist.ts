import { setTimeout as delay } from 'node:timers/promises';
import { WaitingError } from 'bullmq';
import type { Logger } from 'pino';

const pause = 1_000;

/**
 * Changes a job's record, retrying while Redis refuses: a job whose end is not recorded would seem to run for ever.
 * @throws WaitingError if the worker closes first: the queue entry stays, and another worker takes it when its lock has
 * expired.
 */
export async function insist<T>(action: () => Promise<T>, shutdown: AbortSignal, logger: Logger): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      logger.error(error, 'cannot change the job’s record; retrying');
      if (shutdown.aborted) throw new WaitingError('The worker closed before Redis accepted the change.');
      await delay(pause, null, { signal: shutdown }).catch(() => {});
    }
  }
}
