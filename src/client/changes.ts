import type { JobChanges } from '../contract/lists.js';
import { backoff, pause } from './backoff.js';
import { type EventOptions, listen, silence, throwIfClosedFor } from './events.js';
import { unavailable } from './http.js';

export interface ChangeOptions extends EventOptions {
  /** Only these jobs; of 200 at most. Without a cursor, the first message has all of them. */
  jobs?: readonly string[];
}

/**
 * What changes in the service's jobs, until the caller ends it. If the connection is lost, it reconnects and resumes after
 * the last message. After a message with `reset`, lists have to be fetched again.
 * @param address of the events
 * @throws ApiError `invalid-cursor`; `unavailable` without a first connection, or without one for `patience`.
 */
export async function* jobChanges(
  address: URL,
  { jobs, signal, patience = 300_000, ...options }: ChangeOptions = {},
): AsyncGenerator<JobChanges, never, undefined> {
  const url = new URL(address);
  if (jobs) url.searchParams.set('jobs', jobs.join(','));
  if (options.cursor !== undefined) url.searchParams.set('cursor', options.cursor);
  /** Null before the first connection. */
  let lostAt: number | null = null;
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    const connection = await listen(url, signal, lostAt !== null);
    if (connection) {
      try {
        for (let text = await connection.next(silence); text !== null; text = await connection.next(silence)) {
          const changes = JSON.parse(text) as JobChanges;
          url.searchParams.set('cursor', changes.cursor);
          tries = 0;
          yield changes;
        }
      } finally {
        connection.close();
      }
      throwIfClosedFor(connection.closed);
      lostAt = Date.now();
    }
    if (lostAt !== null && Date.now() - lostAt > patience) throw unavailable(url, undefined);
    await pause(backoff(tries), signal);
  }
}
