import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../contract/errors.js';
import { errorType } from './errors.js';

/** Time limits for clients, in milliseconds. */
export interface Patience {
  /** From the first byte of a connection, or of its next request, to the end of the headers. */
  headers: number;
  /** From the end of the headers to the end of the body. */
  request: number;
  /** Without a byte of the request sent, or of the response received. */
  idle: number;
  /** For responses in progress to end when the service stops. */
  closing: number;
}

export const defaultPatience: Patience = { headers: 15_000, request: 300_000, idle: 60_000, closing: 3_000 };

/** The options of Fastify and Node that enforce the limits. */
export function boundedBy({ headers, request, idle }: Patience) {
  return {
    connectionTimeout: idle,
    requestTimeout: headers + request,
    http: { headersTimeout: headers, connectionsCheckingInterval: Math.min(headers, 5_000) },
    clientErrorHandler: refuseConnection,
  };
}

/** Refuses a stalled body, and cuts the remaining connections when the service stops. */
export function boundConnections(app: FastifyInstance, { closing }: Patience): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    // Node emits this for an incomplete body; where the client does not read the response, it closes the connection
    // itself.
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

/** Has the code of Node's own error for the same. */
class RequestTimeout extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/** Sends an error on a connection without a complete request, and closes it. */
export function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const apiError =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new ApiError('request-timeout', 'The request was not complete in time: send it again, without pauses.')
      : new ApiError('malformed-request', `The request could not be read: ${error.message}.`);
  const { status } = apiError;
  const body = JSON.stringify(apiError.toDocument());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${errorType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
