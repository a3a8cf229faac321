import { _, Ajv, type AnySchemaObject, type ErrorObject, type KeywordCxt, type ValidateFunction } from 'ajv';
import itemsModule from 'ajv/dist/vocabularies/applicator/items.js';
import type { TSchema } from 'typebox';
import { ApiError, type FieldError, maxErrors } from './errors.js';
import { isDeeperThan, maxDepth, pointerTo } from './json.js';
import { checkLimits } from './limits.js';
import { ProblemSpec } from './problems.js';
import { completeMark, problemReference } from './schema.js';
import { JobSpec } from './spec.js';
import { visibleText } from './text.js';

/**
 * The one validator: strict types, no coercion, unknown fields are errors, defaults are filled in. The API's routes,
 * the command line and the tests all use it.
 */
const options = {
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
} as const;
const ajv = withItems(new Ajv(options));

/** For what other programs may have written: fields that are not known are left out, and nothing is filled in. */
const lenient = withItems(new Ajv({ ...options, removeAdditional: true, useDefaults: false }));

/** The items of a list that is too long are not looked at: its length is what is wrong with it. */
function withItems(validator: Ajv): Ajv {
  const items = itemsModule.default;
  return validator
    .addKeyword(completeMark)
    .removeKeyword('items')
    .addKeyword({
      ...items,
      code(cxt: KeywordCxt) {
        const { maxItems } = cxt.parentSchema;
        if (maxItems === undefined) items.code(cxt);
        else cxt.gen.if(_`${cxt.data}.length <= ${maxItems}`, () => items.code(cxt));
      },
    });
}

/** Compiles a schema; what it returns fills in defaults and leaves its errors in `.errors`. */
export function compile(schema: TSchema | AnySchemaObject): ValidateFunction {
  return compileWith(ajv, schema);
}

/** Compiles a schema; what it returns removes fields that are not known, fills in nothing, and leaves its errors. */
export function compileLeniently(schema: TSchema | AnySchemaObject): ValidateFunction {
  return compileWith(lenient, schema);
}

function compileWith(validator: Ajv, schema: TSchema | AnySchemaObject): ValidateFunction {
  if (!(problemReference in validator.schemas)) validator.addSchema(ProblemSpec, problemReference);
  return validator.compile(schema as AnySchemaObject);
}

/** Whether documents have been validated already: what problems there are does not change then. */
export function problemsAreSettled(): boolean {
  return ajv.schemas[problemReference]?.validate !== undefined;
}

/** Compiled when it is first asked for: a process that only trains, on a document that is known to be good, never does. */
let jobSpec: ValidateFunction | undefined;

/** For whoever cannot wait a third of a second when the first document comes. */
export function jobSpecValidator(): ValidateFunction {
  jobSpec ??= compile(JobSpec);
  return jobSpec;
}

/**
 * Checks a document against {@link JobSpec} and the limits on sizes.
 * @returns a copy with every default filled in.
 * @throws ApiError `invalid-document`, with a pointer to each field at fault.
 */
export function parseJobSpec(document: unknown): JobSpec {
  if (isDeeperThan(document, maxDepth))
    throw invalid([{ pointer: '', found: 'deeper nesting', allowed: `a document at most ${maxDepth} levels deep` }]);
  const copy: unknown = structuredClone(document);
  const check = jobSpecValidator();
  if (!check(copy)) throw invalidDocument(check.errors ?? []);
  const spec = copy as JobSpec;
  const errors = checkLimits(spec);
  if (errors.length > 0) throw invalid(errors.slice(0, maxErrors));
  return spec;
}

/** Turns a validator's errors into an API error, in time that grows with their number. */
export function invalidDocument(errors: ErrorObject[]): ApiError {
  const unique = new Map<string, FieldError>();
  // An anyOf reports each of its branches besides itself: the summary says it all.
  const summaries = new Set(errors.filter((e) => e.keyword === 'anyOf').map((e) => `${e.schemaPath}/`));
  // For a missing tag the discriminator's own error says more: which tags there are.
  const tags = new Set(errors.filter((e) => e.keyword === 'discriminator').map((e) => placeOf(e, e.params.tag)));
  for (const error of errors) {
    const { keyword, params, schemaPath } = error;
    // That an `if` has led to the branch says nothing of what is wrong in it.
    if (keyword === 'if') continue;
    if (keyword === 'required' && tags.has(placeOf(error, params.missingProperty))) continue;
    // As many as the schemas have places for an anyOf, however long the document is.
    if ([...summaries].some((path) => schemaPath.startsWith(path))) continue;
    const field = toFieldError(error);
    const known = unique.get(field.pointer);
    if (!known && unique.size === maxErrors) break;
    unique.set(field.pointer, known ? { ...known, allowed: `${known.allowed}; ${field.allowed}` } : field);
  }
  return invalid([...unique.values()]);
}

function placeOf({ instancePath }: ErrorObject, field: string): string {
  return instancePath + pointerTo(field);
}

function invalid(errors: FieldError[]): ApiError {
  const [first] = errors;
  const detail = first ? `${first.pointer || 'The document'}: found ${first.found}, allowed: ${first.allowed}.` : '';
  return new ApiError('invalid-document', detail, errors);
}

function toFieldError(error: ErrorObject): FieldError {
  const { instancePath, keyword, params, data, parentSchema } = error;
  switch (keyword) {
    case 'additionalProperties': {
      const name: string = params.additionalProperty;
      const known = Object.keys((parentSchema as { properties?: object })?.properties ?? {});
      return {
        pointer: placeOf(error, name),
        found: show((data as Record<string, unknown>)[name]),
        allowed: known.length > 0 ? `no such field; known ones are ${known.join(', ')}` : 'no fields at all',
      };
    }
    case 'required':
      return {
        pointer: placeOf(error, params.missingProperty),
        found: 'nothing',
        allowed: 'a value: the field is required',
      };
    case 'discriminator': {
      const tag: string = params.tag;
      const variants = (parentSchema as { oneOf?: { properties: Record<string, { const?: string }> }[] })?.oneOf ?? [];
      const tags = variants.map((v) => JSON.stringify(v.properties[tag]?.const));
      return {
        pointer: placeOf(error, tag),
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
