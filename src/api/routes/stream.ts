import type { Socket } from 'node:net';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.js';
import { JobEvent } from '../../contract/events.js';
import { StreamQuery } from '../../contract/queries.js';
import type { Jobs } from '../../jobs/jobs.js';
import { toFrame } from '../encode.js';
import { toStreamError } from '../errors.js';
import { type Peer, watchPeers } from '../peers.js';
import { errors, JobParams, response } from '../schemas.js';

export const streamPath = '/jobs/:id/stream';

/** Bytes that may be buffered in a socket before it gets the next event. */
const bufferLimit = 64 * 1024;

const description = `Each message is one event, a JSON document of at most 512 kB. A subscriber that names the cursor of
the last event it received gets everything since, then live events, without gaps or repeats. The cursor of an event is its
\`cursor\`, or else its \`attempt.seq\`. With a \`rate\`, losses are summed up: docs/stream.md has the rules. The socket
closes with code 1000 only after the job's final \`state\` event. Errors before the upgrade are ordinary HTTP responses;
later ones close the socket with code 4000 + HTTP status and the error's code as the reason: 4410 \`deleted\` if the job
was deleted, 4400 \`invalid-cursor\` if the job does not reach the cursor within 30 seconds, 4503 \`unavailable\` if the
client should try again. Code 1001 means that the service is stopping.`;

export const streamRoute =
  (jobs: Jobs, heartbeat: number): FastifyPluginAsyncTypebox =>
  async (app) => {
    const subscriptions = new WeakMap<FastifyRequest, AsyncIterableIterator<JobEvent>>();
    const peers = watchPeers(app, heartbeat);

    app.route({
      method: 'GET',
      url: streamPath,
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamEvents',
        summary: 'A job’s events, over WebSocket',
        description,
        tags: ['events'],
        params: JobParams,
        querystring: StreamQuery,
        response: {
          101: response('The connection becomes a WebSocket; this is the schema of each message.', JobEvent),
          ...errors('invalid-document', 'invalid-cursor', 'not-found', 'upgrade-required'),
        },
      },
      preHandler: async (request, reply) => {
        if (!request.ws) {
          reply.header('upgrade', 'websocket');
          throw new ApiError(
            'upgrade-required',
            'Use a WebSocket client for this route; /jobs/{id}/events has the same events over plain HTTP.',
          );
        }
        const { cursor = null, ...choice } = request.query;
        const events = await jobs.subscribe(request.params.id, cursor, choice);
        subscriptions.set(request, events);
        // The subscription ends with the connection, however that ends, even during the handshake.
        const { socket } = request.raw;
        if (socket.destroyed) await events.return?.();
        else socket.once('close', () => events.return?.());
      },
      handler: async () => undefined,
      wsHandler: async (socket, request) => {
        const events = subscriptions.get(request);
        if (!events) throw new Error('the handshake passed without a subscription');
        const peer = peers.add(socket);
        const connection = request.raw.socket;
        const gather = gatherWrites(connection);
        try {
          for (;;) {
            const { done, value } = await events.next();
            if (done || socket.readyState !== socket.OPEN) break;
            gather();
            const sent = send(connection, peer, toFrame(value));
            if (sent) await sent;
          }
          socket.close(1000, 'the job has ended');
        } catch (error) {
          const apiError = toStreamError(error, request);
          socket.close(4000 + apiError.status, apiError.code);
        }
      },
    });
  };

/** Messages of one turn of the event loop are sent in one write: a system call costs more than a message. */
function gatherWrites(connection: Socket): () => void {
  let gathering = false;
  return () => {
    if (gathering) return;
    gathering = true;
    connection.cork();
    setImmediate(() => {
      gathering = false;
      connection.uncork();
    });
  };
}

/**
 * Writes a frame past the WebSocket, which would make one for each subscriber, and compresses nothing. Waits while much is
 * unsent, so that a slow client needs only a bounded buffer.
 */
function send(connection: Socket, peer: Peer, frame: Buffer): Promise<void> | undefined {
  if (connection.writableLength < bufferLimit) {
    connection.write(frame);
    return undefined;
  }
  return new Promise((resolve) =>
    connection.write(frame, () => {
      peer.alive = true;
      resolve();
    }),
  );
}
