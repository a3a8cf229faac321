import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.js';
import type { JobEvent } from '../../contract/events.js';
import { isFinal } from '../../contract/job.js';
import { StreamQuery } from '../../contract/queries.js';
import { Type } from '../../contract/type.js';
import type { Jobs } from '../../jobs/jobs.js';
import { toChunk, toErrorChunk } from '../encode.js';
import { toStreamError } from '../errors.js';
import { emptyResponse, errors, JobParams, response } from '../schemas.js';

const description = `The events of /jobs/{id}/stream as server-sent events: \`id\` is the cursor, \`event\` the type,
\`data\` the event's JSON document. The response ends normally only after the job's final \`state\` event. A client that
reconnects with that event's cursor gets 204, at which a browser's EventSource stops. If the events cannot continue, an
event \`error\`, without an id, has the error document as its \`data\`, and the connection is broken: \`deleted\` if the
job was deleted, \`invalid-cursor\` if the job does not reach the cursor within 30 seconds, \`unavailable\` if the client
should try again. Comment lines keep an idle connection open.`;

const Headers = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Like `cursor`, and takes precedence over it: sent automatically by an EventSource.',
    }),
  ),
});

export const eventsRoute =
  (jobs: Jobs, heartbeat: number): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = new Set<EventSourceBody>();
    app.addHook('preClose', async () => {
      for (const body of open) body.fail(new ApiError('unavailable', 'The service is stopping: connect again later.'));
    });

    app.get(
      '/jobs/:id/events',
      {
        exposeHeadRoute: false,
        schema: {
          operationId: 'followEvents',
          summary: 'A job’s events, as server-sent events',
          description,
          tags: ['events'],
          params: JobParams,
          querystring: StreamQuery,
          headers: Headers,
          response: {
            200: response('The events.', Type.String(), { type: 'text/event-stream' }),
            204: emptyResponse('The job has ended, and the cursor is that of its last event.'),
            ...errors('invalid-document', 'invalid-cursor', 'not-found', 'deleted'),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const cursor = request.headers['last-event-id'] || (request.query.cursor ?? null);
        const { state } = await jobs.get(id);
        const events = await jobs.subscribe(id, cursor);
        // For a job that has ended this does not wait: there is a first event, or none.
        const first = cursor !== null && isFinal(state) ? await events.next() : undefined;
        if (first?.done) return reply.code(204).send();

        const body = new EventSourceBody(events, request, heartbeat, first?.value);
        open.add(body);
        body.once('close', () => open.delete(body));
        return reply
          .type('text/event-stream')
          .header('cache-control', 'no-store')
          .header('x-accel-buffering', 'no')
          .send(body);
      },
    );
  };

/** Pulls an event when the connection is ready for more, so that a slow client needs only a bounded buffer. */
class EventSourceBody extends Readable {
  readonly #events: AsyncIterableIterator<JobEvent>;
  readonly #request: FastifyRequest;
  readonly #timer: NodeJS.Timeout;
  #pulling = false;
  #failed = false;

  constructor(events: AsyncIterableIterator<JobEvent>, request: FastifyRequest, heartbeat: number, first?: JobEvent) {
    super({ highWaterMark: 64 * 1024 });
    this.#events = events;
    this.#request = request;
    // Sent at once, with the headers, so that a client knows that it is connected before the first event.
    this.push('retry: 1000\n\n');
    if (first) this.push(toChunk(first));
    this.#timer = setInterval(() => {
      if (this.readableLength === 0 && !this.#failed) this.push(':\n\n');
    }, heartbeat);
  }

  override _read(): void {
    if (this.#pulling || this.#failed) return;
    this.#pulling = true;
    this.#events.next().then(
      ({ done, value }) => {
        this.#pulling = false;
        if (!this.destroyed && !this.readableEnded && !this.#failed) this.push(done ? null : toChunk(value));
      },
      (error) => this.fail(error),
    );
  }

  /** Sends the reason as an event, then breaks the connection: a normal end follows only the final state. */
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
    this.#events.return?.();
    callback(error);
  }
}
