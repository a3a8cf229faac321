import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, type FieldError } from '../contract/errors.js';

/** Fatal: bytes that are not UTF-8 are refused, not replaced. A byte order mark stays, and is then not JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bodies are JSON in UTF-8 and nothing else. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    parseBody(body, request.routeOptions.schema?.body !== undefined),
  );
}

/**
 * @param expected whether the route takes a document; one that takes none accepts nothing, or an empty object.
 * @throws ApiError `malformed-json`, or `invalid-document` for what no document may hold.
 */
function parseBody(bytes: Buffer, expected: boolean): unknown {
  if (bytes.length === 0 && !expected) return undefined;
  const document = parseJson(bytes);
  const [fault] = faults(document, '', 0);
  if (fault) throw new ApiError('invalid-document', `${fault.pointer}: ${fault.found}.`, [fault]);
  if (!expected && JSON.stringify(document) !== '{}')
    throw new ApiError('invalid-document', 'This route takes no document: leave the body out.');
  return document;
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new ApiError('malformed-json', 'The body is empty; a JSON document was expected.');
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new ApiError('malformed-json', `The body is not JSON in UTF-8: ${(error as Error).message}.`);
  }
}

/** Deeper values are refused for their depth, by whoever knows the schema. */
const maxDepth = 40;

/** Strings that are not Unicode, and keys that would reach an object's prototype when it is copied. */
function* faults(value: unknown, pointer: string, depth: number): Generator<FieldError> {
  if (typeof value === 'string' && hasLoneSurrogate(value))
    yield { pointer, found: 'half of a surrogate pair', allowed: 'a string of whole Unicode characters' };
  if (typeof value !== 'object' || value === null || depth > maxDepth) return;
  for (const [key, inner] of Object.entries(value)) {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (key === '__proto__') yield { pointer: at, found: 'a prototype key', allowed: 'no such field' };
    if (hasLoneSurrogate(key)) yield { pointer, found: 'a key with half of a surrogate pair', allowed: 'known fields' };
    yield* faults(inner, at, depth + 1);
  }
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
