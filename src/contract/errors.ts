import type { Static } from 'typebox';
import { Strict } from './schema.js';
import { Type } from './type.js';

/** Every error that the API answers with: code, HTTP status, title. A code, once published, keeps its meaning. */
export const errorCodes = {
  'invalid-document': [400, 'The document is not what this route accepts'],
  'invalid-weights': [400, 'The file is not one of a trained optimizer’s weights'],
  'malformed-request': [400, 'The request is not valid HTTP'],
  'malformed-json': [400, 'The body is not JSON'],
  'invalid-cursor': [400, 'The cursor is not one that this job has given'],
  'foreign-origin': [403, 'The request comes from a page of another site'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The route does not have this method'],
  'not-acceptable': [406, 'None of the accepted types can be given'],
  'request-timeout': [408, 'The request did not arrive in time'],
  conflict: [409, 'The job’s state does not allow this'],
  'idempotency-conflict': [409, 'This Idempotency-Key came with another document before'],
  'not-ready': [409, 'The job has not made this yet'],
  deleted: [410, 'The job was deleted'],
  'precondition-failed': [412, 'The file is another than `If-Match` names'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body is of a type that the route does not take'],
  'range-not-satisfiable': [416, 'The range lies outside the file'],
  'foreign-host': [421, 'The request names a host that this service is not'],
  'upgrade-required': [426, 'The route speaks WebSocket'],
  internal: [500, 'A defect of ours'],
  unavailable: [503, 'A part of the service cannot be reached'],
} as const satisfies Record<string, readonly [number, string]>;
export type ErrorCode = keyof typeof errorCodes;

/** Fields at fault that an answer names; a document may have any number of them. */
export const maxErrors = 20;

export const FieldError = Strict({
  pointer: Type.String({ description: 'JSON Pointer (RFC 6901) into the document.' }),
  found: Type.String({ description: 'What is there, shortened.' }),
  allowed: Type.String({ description: 'What may be there.' }),
});
export type FieldError = Static<typeof FieldError>;

/** `application/problem+json` (RFC 9457). */
export const ErrorDocument = Strict(
  {
    type: Type.String({ description: 'about:blank: `code` tells the kind.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    errors: Type.Optional(Type.Array(FieldError)),
  },
  { title: 'ApiError' },
);
export type ErrorDocument = Static<typeof ErrorDocument>;

/** An error with a place in the registry. Whoever throws one has said what to do in `detail`. */
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

/** Notes a field whose value is not allowed; the value is shown as JSON. */
export type Refuse = (pointer: string, found: unknown, allowed: string) => void;

/** Of a field that no schema can check. The value is shown as JSON. */
export function invalidField(pointer: string, value: unknown, allowed: string): ApiError {
  const found = value === undefined ? 'nothing' : JSON.stringify(value);
  const detail = `${pointer}: found ${found}, allowed: ${allowed}.`;
  return new ApiError('invalid-document', detail, [{ pointer, found, allowed }]);
}
