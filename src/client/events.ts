import { cursorOf, isAfter, parseCursor } from '../contract/cursor.js';
import { ApiError, type ErrorCode, errorCodes } from '../contract/errors.js';
import type { JobEvent } from '../contract/events.js';
import { isFinal } from '../contract/job.js';
import { backoff, pause } from './backoff.js';
import { unavailable } from './http.js';
import { connectEvents } from './server-sent-events.js';
import { type CloseReason, type Connection, connect } from './socket.js';

export interface EventOptions {
  /** Only events after it; without one, all events. */
  cursor?: string;
  /**
   * Only events of these types; "losses" includes "loss-buckets". The final `state` and `truncated` always come.
   */
  types?: readonly JobEvent['type'][];
  /** At most this many events with losses per second, as `loss-buckets`, which sum up every point since the last. */
  rate?: number;
  /** When aborted, the iteration throws its reason. */
  signal?: AbortSignal;
  /** Milliseconds without a connection after which the iteration gives up; five minutes by default. */
  patience?: number;
}

/** Milliseconds without a message before reconnecting: the connection may have died unnoticed. */
export const silence = 60_000;

/**
 * The events of a job up to its final state, each exactly once. If the connection is lost, it reconnects and resumes
 * after the last event. If WebSockets fail, as behind a proxy without upgrades, it uses server-sent events.
 * @param job URL of the job
 * @throws ApiError `not-found`, `invalid-cursor`; `deleted` if the job was deleted meanwhile; `unavailable` without a
 * first connection, or without one for `patience`.
 */
export async function* jobEvents(job: URL, options: EventOptions = {}): AsyncGenerator<JobEvent, void, undefined> {
  const { signal, patience = 300_000 } = options;
  let cursor = options.cursor;
  let tries = 0;
  /** Null before the first connection. */
  let lostAt: number | null = null;
  /** Whether to try a WebSocket first: no longer once one has delivered nothing. */
  let sockets = true;
  for (;;) {
    signal?.throwIfAborted();
    const socket: Connection | null = sockets ? await connect(addressOf(job, 'stream', cursor, options), signal) : null;
    const connection = socket ?? (await listen(addressOf(job, 'events', cursor, options), signal, lostAt !== null));
    if (connection) {
      sockets = false;
      try {
        for await (const event of eventsOf(connection)) {
          if (event.type !== 'truncated') {
            if (cursor !== undefined && !isLater(cursorOf(event), cursor)) continue;
            cursor = cursorOf(event);
          }
          tries = 0;
          sockets = socket !== null;
          yield event;
          if (event.type === 'state' && isFinal(event.state)) return;
        }
      } finally {
        connection.close();
      }
      // The service closes with 1000 only after the final state.
      if (connection.closed?.code === 1000) return;
      throwIfClosedFor(connection.closed);
      lostAt = Date.now();
    } else {
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patience) throw unavailable(job, undefined);
    }
    await pause(backoff(tries++), signal);
  }
}

async function* eventsOf(connection: Connection): AsyncGenerator<JobEvent, void, undefined> {
  for (;;) {
    const message = await connection.next(silence);
    if (message === null) return;
    yield JSON.parse(message) as JobEvent;
  }
}

function addressOf(
  job: URL,
  route: 'stream' | 'events',
  cursor: string | undefined,
  { types, rate }: EventOptions,
): URL {
  const url = new URL(`${job.href}/${route}`);
  if (cursor !== undefined) url.searchParams.set('cursor', cursor);
  if (types !== undefined) url.searchParams.set('types', types.join(','));
  if (rate !== undefined) url.searchParams.set('rate', String(rate));
  return url;
}

/**
 * Server-sent events. Unlike a WebSocket's, their refusal has a reason.
 * @param patient whether to return null, for another try, if the service is unreachable
 */
export async function listen(url: URL, signal: AbortSignal | undefined, patient: boolean): Promise<Connection | null> {
  try {
    return await connectEvents(url, signal);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'unavailable' && patient) return null;
    throw error;
  }
}

/** The service closes with 4000 + HTTP status and an error code where the stream cannot continue. */
export function throwIfClosedFor(closed: CloseReason | null): void {
  if (closed === null || closed.code < 4000 || closed.code >= 4500) return;
  const code = closed.reason in errorCodes ? (closed.reason as ErrorCode) : 'invalid-document';
  throw new ApiError(code, `The service ended the stream: ${errorCodes[code][1]}.`);
}

function isLater(a: string, b: string): boolean {
  const [one, other] = [parseCursor(a), parseCursor(b)];
  return one === null || other === null || isAfter(one, other);
}
