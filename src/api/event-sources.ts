import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { Type } from '../contract/type.js';
import { toErrorChunk } from './encode.js';
import { toStreamError } from './errors.js';

/** What an EventSource sends when it reconnects. */
export const EventSourceHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Like `cursor`, and takes precedence over it: sent automatically by an EventSource.',
    }),
  ),
});

/** What to send as server-sent events. */
export interface EventSource<T> {
  readonly events: AsyncIterableIterator<T>;
  /** The event in the form of the protocol. */
  encode(event: T): Buffer;
  /** An event that was already taken from `events`. */
  readonly first?: T | undefined;
}

/**
 * Answers requests with server-sent events, and ends them when the server stops.
 * @param heartbeat milliseconds between comment lines
 */
export function serveEventSources(app: FastifyInstance, heartbeat: number) {
  const open = new Set<{ fail(error: unknown): void }>();
  app.addHook('preClose', async () => {
    for (const body of open) body.fail(new ApiError('unavailable', 'The service is stopping: connect again later.'));
  });
  return <T>(request: FastifyRequest, reply: FastifyReply, source: EventSource<T>): FastifyReply => {
    const body = new EventSourceBody(source, request, heartbeat);
    open.add(body);
    body.once('close', () => open.delete(body));
    return reply
      .type('text/event-stream')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(body);
  };
}

/** Pulls an event when the connection is ready for more, so that a slow client needs only a bounded buffer. */
class EventSourceBody<T> extends Readable {
  readonly #source: EventSource<T>;
  readonly #request: FastifyRequest;
  readonly #timer: NodeJS.Timeout;
  #pulling = false;
  #failed = false;

  constructor(source: EventSource<T>, request: FastifyRequest, heartbeat: number) {
    super({ highWaterMark: 64 * 1024 });
    this.#source = source;
    this.#request = request;
    // Sent at once, with the headers, so that a client knows that it is connected before the first event.
    this.push('retry: 1000\n\n');
    if (source.first !== undefined) this.push(source.encode(source.first));
    this.#timer = setInterval(() => {
      if (this.readableLength === 0 && !this.#failed) this.push(':\n\n');
    }, heartbeat);
  }

  override _read(): void {
    if (this.#pulling || this.#failed) return;
    this.#pulling = true;
    const { events, encode } = this.#source;
    events.next().then(
      ({ done, value }) => {
        this.#pulling = false;
        if (!this.destroyed && !this.readableEnded && !this.#failed) this.push(done ? null : encode(value));
      },
      (error) => this.fail(error),
    );
  }

  /** Sends the reason as an event, then breaks the connection: a normal end follows only the last event. */
  fail(error: unknown): void {
    if (this.#failed || this.destroyed || this.readableEnded) return;
    this.#failed = true;
    this.push(toErrorChunk(toStreamError(error, this.#request)));
    // By then the event has been written, but not the last chunk of the response.
    this.prependOnceListener('end', () => this.#request.raw.socket.destroySoon());
    this.push(null);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearInterval(this.#timer);
    this.#source.events.return?.();
    callback(error);
  }
}
