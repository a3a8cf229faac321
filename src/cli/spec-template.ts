import { catalogue } from '../contract/catalogue.js';
import { ApiError } from '../contract/errors.js';
import { mlpPresets } from '../contract/networks/mlp.js';
import { type NetworkName, networkOf } from '../contract/networks/networks.js';
import { CompareSpec, type JobSpec, MetatrainSpec } from '../contract/spec.js';
import { UserError } from '../contract/user-error.js';
import { describe, parseJobSpec } from '../contract/validate.js';

/** The part of JSON Schema that the contract uses, as far as a template needs it. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
}

/** Name of the optimizer that a comparison's template names. */
export const placeholder = 'my-optimizer';

/** Characters per line, as far as words allow. */
const lineLength = 100;

/** The learned optimizers that a document can start with. */
const starts = { lstm: { name: 'lstm' }, ...mlpPresets } as const;
export type StartName = keyof typeof starts;
export const startNames = Object.keys(starts) as readonly StartName[];

/**
 * A job document in YAML that has every field with its default, and above it what it means.
 * @param start the optimizer that it trains
 * @throws UserError for an unknown problem
 */
export function specTemplate(kind: JobSpec['kind'], problem: string, start: StartName = 'lstm'): string {
  const schema = (kind === 'metatrain' ? MetatrainSpec : CompareSpec) as Schema;
  const document = kind === 'metatrain' ? training(starts[start]) : { optimizer: { name: placeholder } };
  const spec = complete(problem, { kind, problem: { name: problem }, ...document });
  const lines = [
    ...comment(`${schema.description} All fields are shown with their defaults: delete what you do not change.`, ''),
    '',
    ...fields(schema, spec, ''),
  ];
  return `${lines.join('\n')}\n`;
}

/** The optimizer, with an estimator of the meta-gradient that suits it. */
function training(optimizer: { readonly name: NetworkName }): object {
  if (networkOf(optimizer.name).backward) return { optimizer };
  return { optimizer, training: { estimator: { name: 'pes' } } };
}

function complete(name: string, document: object): JobSpec {
  if (!catalogue.problems.some((problem) => problem.name === name))
    throw new UserError(`There is no problem '${name}': "metadescent problems" lists them.`, 'usage');
  try {
    return parseJobSpec(document);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new UserError(`The defaults do not suit the problem '${name}': ${error.detail}`, 'usage');
  }
}

function fields(schema: Schema, value: object, indent: string): string[] {
  const given = value as Readonly<Record<string, unknown>>;
  const known = variantOf(schema, given)?.properties ?? {};
  const lines = Object.entries(known).flatMap(([name, field]) => {
    const isSection = indent === '' && field.const === undefined && isFilled(given[name]);
    const about = [...(isSection ? [''] : []), ...comment(explanation(field, given[name]), indent)];
    // Only what has no default may be left out.
    if (!(name in given)) return [...about, `${indent}# ${name}:`];
    return [...about, ...entry(name, field, given[name], indent)];
  });
  // A reference has fields that its schema does not list.
  const others = Object.keys(given).filter((name) => !(name in known));
  return [...lines, ...others.map((name) => `${indent}${name}: ${scalar(given[name])}`)];
}

function entry(name: string, schema: Schema, value: unknown, indent: string): string[] {
  if (!isFilled(value)) return [`${indent}${name}: ${scalar(value)}`];
  return [`${indent}${name}:`, ...fields(schema, value, `${indent}  `)];
}

/** Whether it is an object with fields. */
function isFilled(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

/** The schema of an object: of a union, the variant that its name or kind tells. */
function variantOf(schema: Schema, value: Readonly<Record<string, unknown>>): Schema | undefined {
  if (schema.properties) return schema;
  const variants = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  // A problem within a problem is a reference to the schema of all problems.
  if (variants.length === 0 && schema.allOf?.some((part) => '$ref' in part))
    return catalogue.problems.find(({ name }) => name === value.name)?.schema as Schema | undefined;
  for (const variant of variants) {
    const name = variant.properties?.name?.const;
    if (name === undefined || name === value.name) {
      const found = variantOf(variant, value);
      if (found) return found;
    }
  }
  return undefined;
}

/** What a field means, and what it may be where its description does not end there. */
function explanation(schema: Schema, value: unknown): string {
  const chosen = isFilled(value) ? variantOf(schema, value) : undefined;
  const allowed = namesOf(schema) ?? allowedOf(schema);
  const words = [schema.description, chosen !== schema && chosen?.description, allowed && `Allowed: ${allowed}.`];
  return words.filter(Boolean).join(' ');
}

/** The names of a union's variants, or of those of a list's items. */
function namesOf({ oneOf, items }: Schema): string | undefined {
  if (items?.oneOf) return `a list of any of ${namesOf(items)}`;
  return oneOf?.map(({ properties }) => properties?.name?.const).join(', ');
}

function allowedOf(schema: Schema): string {
  if (schema.const !== undefined || schema.properties || schema.allOf || schema.type === 'boolean') return '';
  if (schema.anyOf?.some((one) => one.properties)) return 'an object, or null';
  const isPlain = schema.type !== 'array' && (schema.type !== undefined || schema.anyOf);
  return isPlain ? describe(schema) : '';
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= lineLength) lines[lines.length - 1] = longer;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}

/** A value on one line; JSON is YAML. */
function scalar(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalar).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([name, item]) => `${name}: ${scalar(item)}`);
    return items.length === 0 ? '{}' : `{ ${items.join(', ')} }`;
  }
  const isPlain =
    typeof value === 'string' &&
    /^[a-z][a-z0-9-]*$/.test(value) &&
    !/^(null|true|false|yes|no|on|off|y|n)$/.test(value);
  return isPlain ? value : JSON.stringify(value);
}
