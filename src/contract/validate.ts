import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { ApiError, type FieldError } from './errors.js';
import { checkLimits } from './limits.js';
import { ProblemSpec } from './problems.js';
import { problemReference } from './schema.js';
import { JobSpec } from './spec.js';
import { visibleText } from './text.js';

/**
 * The one validator: strict types, no coercion, unknown fields are errors, defaults are filled in. The API's routes,
 * the command line and the tests all use it.
 */
const ajv = new Ajv({
  allErrors: true,
  coerceTypes: false,
  discriminator: true,
  removeAdditional: false,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  useDefaults: true,
  verbose: true,
  formats: { 'date-time': true },
});

/** Compiles a schema; what it returns fills in defaults and leaves its errors in `.errors`. */
export function compile(schema: TSchema | AnySchemaObject): ValidateFunction {
  if (!(problemReference in ajv.schemas)) ajv.addSchema(ProblemSpec, problemReference);
  return ajv.compile(schema as AnySchemaObject);
}

/** Whether documents have been validated already: what problems there are does not change then. */
export function problemsAreSettled(): boolean {
  return ajv.schemas[problemReference]?.validate !== undefined;
}

/** Compiled when it is first asked for: a process that only trains, on a document that is known to be good, never does. */
let jobSpec: ValidateFunction | undefined;

/** No schema nests as deep as this; a document that does would exhaust the stack of whatever walks it. */
export const maxDepth = 32;

/**
 * Checks a document against {@link JobSpec} and the limits on sizes.
 * @returns a copy with every default filled in.
 * @throws ApiError `invalid-document`, with a pointer to each field at fault.
 */
export function parseJobSpec(document: unknown): JobSpec {
  if (isDeeperThan(document, maxDepth))
    throw invalid([{ pointer: '', found: 'deeper nesting', allowed: `a document at most ${maxDepth} levels deep` }]);
  const copy: unknown = structuredClone(document);
  jobSpec ??= compile(JobSpec);
  if (!jobSpec(copy)) throw invalidDocument(jobSpec.errors ?? []);
  const spec = copy as JobSpec;
  const errors = checkLimits(spec);
  if (errors.length > 0) throw invalid(errors);
  return spec;
}

/** Turns a validator's errors into a problem document's. */
export function invalidDocument(errors: ErrorObject[]): ApiError {
  const unique = new Map<string, FieldError>();
  // An anyOf reports each of its branches besides itself: the summary says it all.
  const summaries = errors.filter((e) => e.keyword === 'anyOf').map((e) => `${e.schemaPath}/`);
  for (const error of errors) {
    // That an `if` has led to the branch says nothing of what is wrong in it.
    if (error.keyword === 'if' || isMissingTag(error, errors)) continue;
    if (summaries.some((path) => error.schemaPath.startsWith(path))) continue;
    const field = toFieldError(error);
    const known = unique.get(field.pointer);
    unique.set(field.pointer, known ? { ...known, allowed: `${known.allowed}; ${field.allowed}` } : field);
  }
  return invalid([...unique.values()].slice(0, 20));
}

/** Of a missing tag the discriminator's own error says more: which tags there are. */
function isMissingTag({ keyword, instancePath, params }: ErrorObject, errors: readonly ErrorObject[]): boolean {
  return (
    keyword === 'required' &&
    errors.some(
      (e) =>
        e.keyword === 'discriminator' && e.instancePath === instancePath && e.params.tag === params.missingProperty,
    )
  );
}

function invalid(errors: FieldError[]): ApiError {
  const [first] = errors;
  const detail = first ? `${first.pointer || 'The document'}: found ${first.found}, allowed: ${first.allowed}.` : '';
  return new ApiError('invalid-document', detail, errors);
}

function toFieldError(error: ErrorObject): FieldError {
  const { instancePath, keyword, params, data, parentSchema } = error;
  const at = (name: unknown) => `${instancePath}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
  switch (keyword) {
    case 'additionalProperties': {
      const name: string = params.additionalProperty;
      const known = Object.keys((parentSchema as { properties?: object })?.properties ?? {});
      return {
        pointer: at(name),
        found: show((data as Record<string, unknown>)[name]),
        allowed: known.length > 0 ? `no such field; known ones are ${known.join(', ')}` : 'no fields at all',
      };
    }
    case 'required':
      return { pointer: at(params.missingProperty), found: 'nothing', allowed: 'a value: the field is required' };
    case 'discriminator': {
      const tag: string = params.tag;
      const variants = (parentSchema as { oneOf?: { properties: Record<string, { const?: string }> }[] })?.oneOf ?? [];
      const tags = variants.map((v) => JSON.stringify(v.properties[tag]?.const));
      return {
        pointer: at(tag),
        found: params.tagValue === undefined ? 'nothing' : show(params.tagValue),
        allowed: tags.join(', '),
      };
    }
    default:
      return { pointer: instancePath, found: show(data), allowed: describe(parentSchema ?? {}, error) };
  }
}

/** A schema in words: "an integer from 1 to 512". */
export function describe(schema: AnySchemaObject, error?: ErrorObject): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((v) => JSON.stringify(v)).join(', ');
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map((s: AnySchemaObject) => describe(s)).join(', or ');
  const bounds = [
    bound(schema, 'minimum', 'at least'),
    bound(schema, 'exclusiveMinimum', 'above'),
    bound(schema, 'maximum', 'at most'),
    bound(schema, 'exclusiveMaximum', 'below'),
    bound(schema, 'minLength', 'of at least', 'characters'),
    bound(schema, 'maxLength', 'of at most', 'characters'),
    bound(schema, 'minItems', 'of at least', 'items'),
    bound(schema, 'maxItems', 'of at most', 'items'),
    schema.pattern === undefined ? '' : describePattern(schema.pattern),
    schema.uniqueItems ? 'without repeats' : '',
  ].filter((text) => text !== '');
  const types: string[] = [schema.type ?? []].flat();
  const [type = error?.message ?? 'another value'] = types;
  const noun = type === 'null' ? 'null' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
  const words = [noun, bounds.join(', ')].filter((text) => text !== '').join(' ');
  return types.length > 1 ? `${words}, or null` : words;
}

function describePattern(pattern: string): string {
  return pattern === visibleText ? 'without control characters and invisible ones' : `matching ${pattern}`;
}

function bound(schema: AnySchemaObject, keyword: string, words: string, unit = ''): string {
  return schema[keyword] === undefined ? '' : `${words} ${schema[keyword]} ${unit}`.trimEnd();
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isDeeperThan(value, maxDepth)) return Array.isArray(value) ? '[…]' : '{…}';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}
