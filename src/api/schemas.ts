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
  version: Type.String({ description: 'The number of its version.' }),
});

/** A request that may be repeated. */
export const CreateHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[!-~]{1,255}$',
      description: 'Any text of the client’s own: sent again with the same request, it gives what is there already.',
    }),
  ),
});

/** Where a subscriber goes on. */
export const StreamQuery = Strict({
  cursor: Type.Optional(
    Type.String({
      maxLength: 64,
      description: '`attempt.seq` of the last event received; without it, from the first.',
    }),
  ),
});

export const Health = Strict({ status: Choice(['ok']) }, { title: 'Health' });

const fileHeaders = {
  ETag: Type.String({ description: 'Strong; changes with the bytes.' }),
  'Content-Disposition': Type.String({ description: 'A file name.' }),
};
const rangeHeaders = { ...fileHeaders, 'Content-Range': Type.String({ description: '`bytes first-last/size`' }) };
/** Of bytes: there is nothing in them that a schema could check. */
export const binary = Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' });

/** A response of one content type, as OpenAPI has it. */
export function answer(
  description: string,
  schema: TSchema,
  { type = 'application/json', headers }: { type?: string; headers?: Record<string, TSchema> } = {},
) {
  return { description, ...(headers ? { headers } : {}), content: { [type]: { schema } } };
}

/** Bodies of these content types, as OpenAPI has them. */
export function fileBody(types: readonly string[]) {
  return Object.fromEntries(types.map((type) => [type, { schema: binary }]));
}

/** A response without a body. */
export function emptyAnswer(description: string) {
  return { description, type: 'null' };
}

/** The responses of a route that serves a file under one of these content types. */
export function fileAnswers(description: string, types: Readonly<Record<string, TSchema | null>>) {
  const content = Object.fromEntries(
    Object.entries(types).map(([type, schema]) => [type, { schema: schema ?? binary }]),
  );
  return {
    200: { description, headers: fileHeaders, content },
    206: { description: 'The bytes that `Range` asked for.', headers: rangeHeaders, content },
    304: emptyAnswer('What `If-None-Match` names is still current.'),
  };
}

/** The problem documents that a route answers with, by status, besides those that any route may give. */
export function errors(...codes: ErrorCode[]) {
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(errorCodes[code][0]);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses = [...byStatus].map(([status, group]) => [
    status,
    answer(group.map((code) => `\`${code}\`: ${errorCodes[code][1]}.`).join(' '), ErrorDocument, {
      type: errorType,
    }),
  ]);
  return {
    ...(Object.fromEntries(responses) as Record<string, ReturnType<typeof answer>>),
    default: answer('Any other error.', ErrorDocument, { type: errorType }),
  };
}
