const first = 100;
const longest = 5_000;

/**
 * Milliseconds to wait before try n + 1, n from 0: random, below a bound that doubles ("full jitter", Brooker 2015), so
 * that the clients of a service that has restarted do not all reconnect at once.
 */
export function backoff(n: number): number {
  return Math.random() * Math.min(longest, first * 2 ** n);
}

/** Waits, or throws the signal's reason once it is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
