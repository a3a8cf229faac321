import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { errorType } from './errors.js';

/** How long a client may keep the service waiting, in milliseconds. */
export interface Patience {
  /** From the first byte of a connection, or of its next request, to the end of the headers. */
  headers: number;
  /** From there to the end of the body. */
  request: number;
  /** Without a byte of the body sent, or of the answer taken. */
  idle: number;
  /** When the service stops, to the end of the answers that are under way. */
  closing: number;
}

export const defaultPatience: Patience = { headers: 15_000, request: 300_000, idle: 60_000, closing: 3_000 };

/** Fastify's options, and through it Node's, that bound what a client can take. */
export function boundedBy({ headers, request, idle }: Patience) {
  return {
    connectionTimeout: idle,
    requestTimeout: headers + request,
    http: { headersTimeout: headers, connectionsCheckingInterval: Math.min(headers, 5_000) },
    clientErrorHandler: refuseConnection,
  };
}

/** Answers a body that does not go on, and cuts what is left of the connections when the service stops. */
export function boundConnections(app: FastifyInstance, { closing }: Patience): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    // Node says so where the body is incomplete; where nobody takes the answer it cuts the connection by itself.
    raw.once('timeout', () => {
      if (reply.sent) raw.destroy();
      else refuseConnection(new RequestTimeout(), raw.socket);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    timer = setTimeout(() => app.server.closeAllConnections(), closing);
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}

/** As Node's own error for the same. */
class RequestTimeout extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/** Answers on a connection whose request never became one, and closes it. */
export function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const apiError =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new ApiError('request-timeout', 'The request was not complete in time: send it again, without a pause.')
      : new ApiError('malformed-request', `The request could not be read: ${error.message}.`);
  const { status } = apiError;
  const body = JSON.stringify(apiError.toDocument());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${errorType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
