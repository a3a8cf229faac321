import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, type ErrorCode } from '../contract/errors.js';
import { documentLimit, uploadLimit } from '../contract/sizes.js';
import { isStoreOutage } from '../jobs/store-outage.js';
import { uploadTypes } from './uploads.js';

export const errorType = 'application/problem+json';

export const mediaTypes = `Send JSON, with Content-Type: application/json; POST /optimizers also takes a weights file, with ${uploadTypes.join(' or ')}.`;

/** Errors that Fastify itself raises: their code here, and what to do. */
const fastifyCodes: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_BAD_URL: ['not-found', 'The path has an escape that is not UTF-8.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not-found', 'A part of the path is longer than any name or id.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'body-too-large',
    `Send at most ${documentLimit} bytes of JSON, or a weights file of at most ${uploadLimit} bytes.`,
  ],
  FST_ERR_CTP_EMPTY_TYPE: ['unsupported-media-type', mediaTypes],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', mediaTypes],
};

/** Sends every error as a problem document, whatever raised it. */
export function answerWithErrors(app: FastifyInstance): void {
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request) => {
    throw new ApiError(
      'not-found',
      `${request.method} ${request.url.slice(0, 200)}: no such route; /openapi.yaml lists all routes.`,
    );
  });
}

/** Sends the problem document of an error. The cause of an internal error is only logged. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const apiError = toApiError(error, request.id);
  if (apiError.status >= 500) request.log.error({ err: error }, apiError.detail);
  if (apiError.code === 'body-too-large') readOn(request, reply);
  reply.code(apiError.status).type(errorType).send(apiError.toDocument());
}

/** Maximum bytes read of a refused body, so that its sender gets to read the response. */
const readOnLimit = 2 * uploadLimit;

/** Closing at once would show a client that is still sending a broken connection and not the response. */
function readOn({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  let bytes = 0;
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > readOnLimit) raw.destroy();
  });
}

/** Why a stream ends before the job's final state. Internal errors are logged with their cause. */
export function toStreamError(error: unknown, request: FastifyRequest): ApiError {
  const apiError = toApiError(error, request.id);
  if (apiError.code === 'internal') request.log.error({ err: error }, apiError.detail);
  return apiError;
}

/** The API error for any error. */
export function toApiError(error: unknown, requestId: string): ApiError {
  if (error instanceof ApiError) return error;
  const { code = '', statusCode = 500, message = '' } = error as Partial<FastifyError>;
  const known = fastifyCodes[code];
  if (known) return new ApiError(...known);
  if (isStoreOutage(error))
    return new ApiError('unavailable', `The service cannot read or write its files now: ${message}. Try again later.`);
  if (statusCode < 500) return new ApiError('malformed-request', `${message}.`);
  return new ApiError(
    'internal',
    `The request failed because of an internal error; the service's log has the cause under ${requestId}.`,
  );
}
