import type { Static } from 'typebox';
import { Strict } from './schema.js';
import { Type } from './type.js';

/** Every error of the API: code, HTTP status, title. A published code keeps its meaning. */
export const errorCodes = {
  'invalid-document': [400, 'The document is not valid for this route'],
  'invalid-weights': [400, 'The file does not hold a trained optimizer’s weights'],
  'malformed-request': [400, 'The request is not valid HTTP'],
  'malformed-json': [400, 'The body is not JSON'],
  'invalid-cursor': [400, 'The cursor does not belong to this job'],
  'foreign-origin': [403, 'The request comes from a page of another site'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'Method not allowed'],
  'not-acceptable': [406, 'None of the accepted types is available'],
  'request-timeout': [408, 'The request did not arrive in time'],
  conflict: [409, 'The job’s state does not allow this'],
  'idempotency-conflict': [409, 'This Idempotency-Key was already used with a different document'],
  'not-ready': [409, 'Not available yet'],
  deleted: [410, 'The job was deleted'],
  'precondition-failed': [412, 'The file does not match `If-Match`'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The route does not accept this content type'],
  'range-not-satisfiable': [416, 'The range is outside the file'],
  'foreign-host': [421, 'This service does not serve the requested host'],
  'upgrade-required': [426, 'WebSocket upgrade required'],
  internal: [500, 'Internal server error'],
  unavailable: [503, 'Service unavailable'],
} as const satisfies Record<string, readonly [number, string]>;
export type ErrorCode = keyof typeof errorCodes;

/** Maximum number of invalid fields that a response lists. */
export const maxErrors = 20;

export const FieldError = Strict({
  pointer: Type.String({ description: 'JSON Pointer (RFC 6901) into the document.' }),
  found: Type.String({ description: 'The value found, shortened.' }),
  allowed: Type.String({ description: 'The values allowed.' }),
});
export type FieldError = Static<typeof FieldError>;

/** `application/problem+json` (RFC 9457). */
export const ErrorDocument = Strict(
  {
    type: Type.String({ description: 'about:blank: `code` identifies the error.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    errors: Type.Optional(Type.Array(FieldError)),
  },
  { title: 'ApiError' },
);
export type ErrorDocument = Static<typeof ErrorDocument>;

/** An error of the registry above. `detail` says what to do. */
export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly errors: FieldError[] = [],
  ) {
    super(detail);
    this.name = 'ApiError';
  }

  get status(): number {
    return errorCodes[this.code][0];
  }

  toDocument(): ErrorDocument {
    const [status, title] = errorCodes[this.code];
    const { code, detail, errors } = this;
    return { type: 'about:blank', title, status, code, detail, ...(errors.length > 0 ? { errors } : {}) };
  }
}

/** Records a field whose value is not allowed; the value is shown as JSON. */
export type Refuse = (pointer: string, found: unknown, allowed: string) => void;

/** An error for a field that no schema can check. The value is shown as JSON. */
export function invalidField(pointer: string, value: unknown, allowed: string): ApiError {
  const found = value === undefined ? 'nothing' : JSON.stringify(value);
  const detail = `${pointer}: found ${found}, allowed: ${allowed}.`;
  return new ApiError('invalid-document', detail, [{ pointer, found, allowed }]);
}
