import { setTimeout as delay } from 'node:timers/promises';
import { WaitingError } from 'bullmq';
import type { Logger } from 'pino';

const pause = 1_000;

/**
 * Does what has to be done with a job's record, again and again while Redis refuses it: a job whose end is not recorded
 * would run for ever in everybody's eyes.
 * @throws WaitingError where the worker closes first: the queue's entry stays as it is, and when its lock has run out
 *   another worker takes it.
 */
export async function insist<T>(action: () => Promise<T>, shutdown: AbortSignal, logger: Logger): Promise<T> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      logger.error(error, 'the job’s record could not be changed');
      if (shutdown.aborted) throw new WaitingError('The worker closed before Redis took the change.');
      await delay(pause, null, { signal: shutdown }).catch(() => {});
    }
  }
}
