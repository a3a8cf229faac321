import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, type FieldError } from '../contract/errors.js';
import { excessOf, faultIn } from '../contract/json.js';
import { mediaTypes } from './errors.js';

/** Refuses bytes that are not UTF-8, and keeps a byte order mark, which is then not JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bodies must be JSON in UTF-8. An empty body may have any type. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    parseBody(body, request.routeOptions.schema?.body !== undefined),
  );
  app.addContentTypeParser('*', async (_request: FastifyRequest, body: AsyncIterable<Buffer>) => {
    for await (const bytes of body) if (bytes.length > 0) throw new ApiError('unsupported-media-type', mediaTypes);
  });
}

/** Whether the body's declared type is not JSON. Routes check that their resource exists before they refuse it. */
export function isOfOtherType({ headers }: FastifyRequest): boolean {
  const type = headers['content-type'];
  return type !== undefined && !/^application\/json\b/i.test(type);
}

/**
 * @param expected whether the route takes a document; if not, it accepts only an empty body or an empty object.
 * @throws ApiError `malformed-json`, or `invalid-document` for what no document may hold.
 */
function parseBody(bytes: Buffer, expected: boolean): unknown {
  if (bytes.length === 0 && !expected) return undefined;
  const document = parseJson(bytes);
  if (!expected && JSON.stringify(document) !== '{}')
    throw new ApiError('invalid-document', 'This route takes no document: send no body.');
  return document;
}

/** @throws ApiError `malformed-json`, or `invalid-document` for what no document may hold. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new ApiError('malformed-json', 'The body is empty; a JSON document was expected.');
  const text = orMalformed(() => utf8.decode(bytes));
  refuse(excessOf(text));
  const document = orMalformed(() => JSON.parse(text));
  refuse(faultIn(document));
  return document;
}

function orMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ApiError('malformed-json', `The body is not JSON in UTF-8: ${(error as Error).message}.`);
  }
}

function refuse(fault: FieldError | null): void {
  if (fault === null) return;
  const { pointer, found, allowed } = fault;
  throw new ApiError('invalid-document', `${pointer || 'The document'}: found ${found}, allowed: ${allowed}.`, [fault]);
}
