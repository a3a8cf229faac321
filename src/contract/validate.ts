import { _, Ajv, type AnySchemaObject, type ErrorObject, type KeywordCxt, type ValidateFunction } from 'ajv';
import itemsModule from 'ajv/dist/vocabularies/applicator/items.js';
import type { TSchema } from 'typebox';
import { ApiError, type FieldError, maxErrors } from './errors.js';
import { eventTypes } from './events.js';
import { isDeeperThan, maxDepth, pointerTo } from './json.js';
import { checkLimits } from './limits.js';
import { ProblemSpec } from './problems.js';
import { eventTypesPattern } from './queries.js';
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

/** For documents that other programs may have written: removes unknown fields, and fills in nothing. */
const lenient = withItems(new Ajv({ ...options, removeAdditional: true, useDefaults: false }));

/** Does not check the items of a list that is too long: its length is the error. */
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

/** Compiles a schema. The function that it returns fills in defaults and leaves errors in `.errors`. */
export function compile(schema: TSchema | AnySchemaObject): ValidateFunction {
  return compileWith(ajv, schema);
}

/** As {@link compile}, but the function removes unknown fields and fills in nothing. */
export function compileLeniently(schema: TSchema | AnySchemaObject): ValidateFunction {
  return compileWith(lenient, schema);
}

function compileWith(validator: Ajv, schema: TSchema | AnySchemaObject): ValidateFunction {
  if (!(problemReference in validator.schemas)) validator.addSchema(ProblemSpec, problemReference);
  return validator.compile(schema as AnySchemaObject);
}

/** Whether a document has been validated: from then on, no problems can be added. */
export function problemsAreSettled(): boolean {
  return ajv.schemas[problemReference]?.validate !== undefined;
}

/** Compiled at first use: a process that only trains, on a valid document, never does. */
let jobSpec: ValidateFunction | undefined;

/** Call it early to avoid a third of a second's wait at the first document. */
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

/** Turns a validator's errors into an API error, in linear time. */
export function invalidDocument(errors: ErrorObject[]): ApiError {
  const unique = new Map<string, FieldError>();
  // An anyOf reports each of its branches besides itself: the summary is enough.
  const summaries = new Set(errors.filter((e) => e.keyword === 'anyOf').map((e) => `${e.schemaPath}/`));
  // For a missing tag the discriminator's own error is better: it lists the tags.
  const tags = new Set(errors.filter((e) => e.keyword === 'discriminator').map((e) => placeOf(e, e.params.tag)));
  for (const error of errors) {
    const { keyword, params, schemaPath } = error;
    // An `if` only reports which branch was taken, not what is wrong in it.
    if (keyword === 'if') continue;
    if (keyword === 'required' && tags.has(placeOf(error, params.missingProperty))) continue;
    // Bounded by the number of anyOf in the schemas, however long the document.
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

const patterns: Readonly<Record<string, string>> = {
  [visibleText]: 'without control or invisible characters',
  [eventTypesPattern]: `of one or more of ${eventTypes.join(', ')}, separated by commas`,
};

function describePattern(pattern: string): string {
  return patterns[pattern] ?? `matching ${pattern}`;
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
