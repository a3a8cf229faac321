import type { FastifySchema, FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { JobSpec } from '../contract/spec.js';
import { compile, invalidDocument, jobSpecValidator, parseJobSpec } from '../contract/validate.js';
import { binary } from './schemas.js';

/**
 * Checks bodies, query strings, parameters and headers with the contract's validator, which coerces and drops nothing.
 */
export const strictValidation: FastifySchemaCompiler<FastifySchema> = ({ schema, httpPart }) => {
  if (schema === JobSpec) {
    jobSpecValidator();
    return (document: unknown) => attempt(() => parseJobSpec(document));
  }
  if (schema === binary) return (bytes: unknown) => ({ value: bytes });
  const validate = compile(schema as TSchema);
  const integers = httpPart === 'querystring' ? integersOf(schema as Properties) : [];
  return (data: Record<string, unknown>) =>
    attempt(() => {
      const values = { ...data };
      for (const name of integers) if (name in values) values[name] = parseInteger(values[name]);
      if (!validate(values)) throw invalidDocument(validate.errors ?? []);
      return values;
    });
};

/** Writes responses unchanged: a serialiser made from a schema would drop fields that the schema does not name. */
export const plainSerialization = () => (data: unknown) => JSON.stringify(data);

interface Properties {
  readonly properties: Readonly<Record<string, { readonly type?: string }>>;
}

function integersOf({ properties }: Properties): string[] {
  return Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
}

/** Only plain decimal digits: "1e3", "0x10" and " 5" stay strings, which the schema then refuses. */
function parseInteger(text: unknown): unknown {
  return typeof text === 'string' && /^-?(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

function attempt(check: () => unknown): { value: unknown } | { error: Error } {
  try {
    return { value: check() };
  } catch (error) {
    return { error: error as Error };
  }
}
