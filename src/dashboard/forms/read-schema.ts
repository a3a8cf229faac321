import type { Bound, Field, Member, ObjectField, Schema } from './field.js';
import { isObject, type Json } from './json.js';

/**
 * Reads JSON Schemas as fields. It knows the keywords that the contract's builders write, each in its place; a schema
 * with any other becomes a field that is edited as JSON and says why.
 */
export class SchemaReader {
  /** By reference. */
  private readonly known = new Map<string, Field>();

  /** @param references the schemas behind each `$ref` */
  constructor(private readonly references: Readonly<Record<string, Schema>>) {}

  read(schema: Schema): Field {
    try {
      return this.fieldOf(schema);
    } catch (error) {
      if (!(error instanceof UnknownSchema)) throw error;
      return { kind: 'json', title: '', description: '', ...annotationsOf(schema), reason: error.message };
    }
  }

  private fieldOf(schema: Schema): Field {
    if (schema.const !== undefined) return { kind: 'constant', ...only(schema, 'type', 'const'), value: schema.const };
    if (schema.enum !== undefined)
      return { kind: 'choice', ...only(schema, 'type', 'enum'), values: schema.enum as (string | number)[] };
    if (schema.anyOf !== undefined) return this.anyOf(schema);
    if (schema.oneOf !== undefined) return this.variants(schema);
    if (schema.allOf !== undefined) return this.allOf(schema);
    if (schema.$ref !== undefined) return { ...this.refer(String(schema.$ref)), ...own(schema, '$ref') };
    if (Array.isArray(schema.type)) return this.nullable(schema, schema.type);
    switch (schema.type) {
      case 'boolean':
        return { kind: 'switch', ...only(schema, 'type') };
      case 'integer':
      case 'number':
        return {
          kind: 'number',
          ...only(schema, 'type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'),
          isInteger: schema.type === 'integer',
          low: bound(schema.minimum, schema.exclusiveMinimum, Math.max),
          high: bound(schema.maximum, schema.exclusiveMaximum, Math.min),
        };
      case 'string':
        return {
          kind: 'text',
          ...only(schema, 'type', 'minLength', 'maxLength', 'pattern'),
          least: Number(schema.minLength ?? 0),
          most: Number(schema.maxLength ?? Number.POSITIVE_INFINITY),
          pattern: schema.pattern === undefined ? null : String(schema.pattern),
        };
      case 'array':
        return {
          kind: 'list',
          ...only(schema, 'type', 'items', 'minItems', 'maxItems', 'uniqueItems'),
          item: this.read(inner(schema.items)),
          least: Number(schema.minItems ?? 0),
          most: Number(schema.maxItems ?? Number.POSITIVE_INFINITY),
          isUnique: schema.uniqueItems === true,
        };
      case 'object':
        return this.object(schema);
      default:
        throw new UnknownSchema('no known type');
    }
  }

  private object(schema: Schema): ObjectField {
    const common = only(schema, 'type', 'properties', 'required', 'additionalProperties');
    if (schema.additionalProperties !== false) throw new UnknownSchema('an object with fields of any name');
    const required = (schema.required ?? []) as string[];
    const read = (): Member[] =>
      Object.entries(inner(schema.properties)).map(([name, of]) => ({
        name,
        isRequired: required.includes(name),
        field: this.read(inner(of)),
      }));
    let members: Member[] | undefined;
    return {
      kind: 'object',
      ...common,
      // Read when they are first asked for: a problem may contain problems, to any depth.
      get members() {
        members ??= read();
        return members;
      },
    };
  }

  private variants(schema: Schema): Field {
    const common = only(schema, 'type', 'discriminator', 'required', 'oneOf');
    const { propertyName } = inner(schema.discriminator);
    const tag = String(propertyName);
    const variants = (schema.oneOf as Schema[]).map((of) => {
      const name = inner(inner(of.properties)[tag]).const;
      if (typeof name !== 'string') throw new UnknownSchema(`a variant without a constant ${tag}`);
      return { name, object: this.object(of) };
    });
    return { kind: 'variants', ...common, tag, variants };
  }

  private anyOf(schema: Schema): Field {
    const common = only(schema, 'anyOf');
    const options = schema.anyOf as Schema[];
    const others = options.filter(({ type }) => type !== 'null');
    const [first, ...more] = others.map((option) => this.read(option));
    if (!first) throw new UnknownSchema('only null');
    const field: Field = more.length === 0 ? first : { kind: 'either', ...common, options: [first, ...more] };
    return others.length === options.length ? field : { kind: 'nullable', ...common, field };
  }

  /** A reference with a description of its own, or two objects told apart by the presence of a field. */
  private allOf(schema: Schema): Field {
    const parts = schema.allOf as Schema[];
    const [first, second] = parts;
    if (parts.length === 1 && first?.$ref !== undefined) return { ...this.fieldOf(first), ...own(schema, 'allOf') };
    const [field] = (isObject(first?.if) ? first.if.required : null) as [string];
    if (parts.length !== 2 || !isObject(second?.if) || !isObject(second.if.not)) throw new UnknownSchema('allOf');
    const [present, absent] = [this.object(inner(second.else)), this.object(inner(first!.else))];
    return { kind: 'presence', ...only(schema, 'allOf'), field, present, absent };
  }

  private nullable(schema: Schema, types: readonly Json[]): Field {
    const [type, other, ...more] = types;
    if (other !== 'null' || more.length > 0) throw new UnknownSchema(`the types ${types.join(', ')}`);
    const { default: standard, ...rest } = schema;
    return {
      kind: 'nullable',
      title: '',
      description: '',
      ...annotationsOf(schema),
      field: this.fieldOf({ ...rest, type: type! }),
    };
  }

  private refer(reference: string): Field {
    const schema = this.references[reference];
    if (!schema) throw new UnknownSchema(`the reference ${reference}`);
    const field = this.known.get(reference) ?? this.fieldOf(schema);
    this.known.set(reference, field);
    return field;
  }
}

class UnknownSchema extends Error {}

const annotations = ['title', 'description', 'default'] as const;

/** The annotations of a schema that may have these keywords and no others. */
function only(schema: Schema, ...keywords: string[]) {
  return { title: '', description: '', ...own(schema, ...keywords) };
}

/** As {@link only}, but without those that the schema lacks. */
function own(schema: Schema, ...keywords: string[]): Annotations {
  const known: readonly string[] = [...annotations, ...keywords];
  const unknown = Object.keys(schema).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new UnknownSchema(`the keyword ${unknown}`);
  return annotationsOf(schema);
}

type Annotations = { title?: string; description?: string; default?: Json };

function annotationsOf(schema: Schema): Annotations {
  return Object.fromEntries(annotations.filter((key) => key in schema).map((key) => [key, schema[key]]));
}

function inner(schema: Json | undefined): Schema {
  if (isObject(schema)) return schema;
  throw new UnknownSchema('a part is missing');
}

function bound(closed: Json | undefined, open: Json | undefined, tighter: (a: number, b: number) => number) {
  const [a, b] = [closed, open].map((value) => (typeof value === 'number' ? value : null));
  if (a == null && b == null) return null;
  if (a == null || b == null) return { value: (a ?? b)!, isOpen: a == null } satisfies Bound;
  return { value: tighter(a, b), isOpen: tighter(a, b) === b } satisfies Bound;
}
