import type { TSchema } from 'typebox';
import { type ErrorCode, ErrorDocument, errorCodes } from '../contract/errors.js';
import { Choice, Strict } from '../contract/schema.js';
import { Type } from '../contract/type.js';
import { errorType } from './errors.js';

export const JobParams = Strict({ id: Type.String({ description: 'The job’s id.' }) });
export const ArtifactParams = Strict({
  id: Type.String({ description: 'The job’s id.' }),
  name: Type.String({ description: 'The artifact’s name.' }),
});
export const OptimizerParams = Strict({
  name: Type.String({ description: 'The optimizer’s name.' }),
  version: Type.String({ description: 'The number of the version.' }),
});

/** Headers of a request that may be repeated. */
export const CreateHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[!-~]{1,255}$',
      description:
        'Any text chosen by the client. The same request with the same key returns what the first one created.',
    }),
  ),
});

export const Health = Strict({ status: Choice(['ok']) }, { title: 'Health' });

const fileHeaders = {
  ETag: Type.String({ description: 'Strong; changes with the bytes.' }),
  'Content-Disposition': Type.String({ description: 'A file name.' }),
};
const rangeHeaders = { ...fileHeaders, 'Content-Range': Type.String({ description: '`bytes first-last/size`' }) };
/** Bytes, which a schema cannot check. */
export const binary = Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' });

/** A response of one content type, in OpenAPI's form. */
export function response(
  description: string,
  schema: TSchema,
  { type = 'application/json', headers }: { type?: string; headers?: Record<string, TSchema> } = {},
) {
  return { description, ...(headers ? { headers } : {}), content: { [type]: { schema } } };
}

/** Bodies of these content types, in OpenAPI's form. */
export function fileBody(types: readonly string[]) {
  return Object.fromEntries(types.map((type) => [type, { schema: binary }]));
}

/** A response without a body. */
export function emptyResponse(description: string) {
  return { description, type: 'null' };
}

/** The responses of a route that serves a file under one of these content types. */
export function fileResponses(description: string, types: Readonly<Record<string, TSchema | null>>) {
  const content = Object.fromEntries(
    Object.entries(types).map(([type, schema]) => [type, { schema: schema ?? binary }]),
  );
  return {
    200: { description, headers: fileHeaders, content },
    206: { description: 'The bytes requested with `Range`.', headers: rangeHeaders, content },
    304: emptyResponse('The version in `If-None-Match` is current.'),
  };
}

/** The problem documents of a route, by status, besides those that any route may send. */
export function errors(...codes: ErrorCode[]) {
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(errorCodes[code][0]);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses = [...byStatus].map(([status, group]) => [
    status,
    response(group.map((code) => `\`${code}\`: ${errorCodes[code][1]}.`).join(' '), ErrorDocument, {
      type: errorType,
    }),
  ]);
  return {
    ...(Object.fromEntries(responses) as Record<string, ReturnType<typeof response>>),
    default: response('Any other error.', ErrorDocument, { type: errorType }),
  };
}
