import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, type FieldError } from '../contract/errors.js';
import { excessOf, faultIn } from '../contract/json.js';
import { mediaTypes } from './errors.js';

/** Fatal: bytes that are not UTF-8 are refused, not replaced. A byte order mark stays, and is then not JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bodies are JSON in UTF-8 and nothing else. Of no bytes there is no type to be wrong. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    parseBody(body, request.routeOptions.schema?.body !== undefined),
  );
  app.addContentTypeParser('*', async (_request: FastifyRequest, body: AsyncIterable<Buffer>) => {
    for await (const bytes of body) if (bytes.length > 0) throw new ApiError('unsupported-media-type', mediaTypes);
  });
}

/** Whether a body is said to be of another type than JSON. What a route is about has to be there before that matters. */
export function isOfOtherType({ headers }: FastifyRequest): boolean {
  const type = headers['content-type'];
  return type !== undefined && !/^application\/json\b/i.test(type);
}

/**
 * @param expected whether the route takes a document; one that takes none accepts nothing, or an empty object.
 * @throws ApiError `malformed-json`, or `invalid-document` for what no document may hold.
 */
function parseBody(bytes: Buffer, expected: boolean): unknown {
  if (bytes.length === 0 && !expected) return undefined;
  const document = parseJson(bytes);
  if (!expected && JSON.stringify(document) !== '{}')
    throw new ApiError('invalid-document', 'This route takes no document: leave the body out.');
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
