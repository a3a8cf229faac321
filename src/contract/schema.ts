import type { Static, TObject, TProperties, TSchema } from 'typebox';
import { Type } from './type.js';

/**
 * An object that accepts the named fields and no others. A field with a default need not be there: a validator fills it
 * in. Where a complete object is shown, {@link Complete} says that all of them are there.
 */
export function Strict<T extends TProperties>(properties: T, options: Record<string, unknown> = {}): TObject<T> {
  const object: object = Type.Object(properties, { additionalProperties: false, ...options });
  const { required = [], ...rest } = object as { required?: string[] };
  const needed = required.filter((name) => !('default' in properties[name]!));
  return { ...rest, ...(needed.length > 0 && { required: needed }) } as unknown as TObject<T>;
}

/** Marks a schema whose objects are shown as they are stored, every field with a default among them. */
export const completeMark = 'x-complete';

/** A document as an answer shows it: complete. The OpenAPI document has such a schema beside that of requests. */
export function Complete<T extends TSchema>(schema: T) {
  return Type.Unsafe<Static<T>>({ ...schema, [completeMark]: true });
}

/**
 * A union of strict objects told apart by one constant field. It is written as `oneOf` with OpenAPI's `discriminator`,
 * so that a validator reports the errors of the variant that was meant, and not those of all variants.
 */
export function OneOf<T extends TSchema[]>(tag: string, variants: [...T], options: Record<string, unknown> = {}) {
  return Type.Unsafe<Static<T[number]>>({
    type: 'object',
    discriminator: { propertyName: tag },
    required: [tag],
    oneOf: variants,
    ...options,
  });
}

/**
 * Where a problem's schema holds another problem: a reference, since any problem may be there. It leads to the schema
 * from wherever the service publishes it, and `compile` knows it.
 */
export const problemReference = 'openapi.yaml#/components/schemas/ProblemSpec';
export function InnerProblem(options: Record<string, unknown> = {}): TSchema {
  return Type.Unsafe({ allOf: [{ $ref: problemReference }], description: 'Any problem.', ...options });
}

/**
 * A union of two strict objects told apart by whether a field is there. Like {@link OneOf}, it has a validator report
 * the errors of the variant that was meant.
 */
export function ByPresence<A extends TObject, B extends TObject>(
  field: string,
  present: A,
  absent: B,
  options: Record<string, unknown> = {},
) {
  const condition = { required: [field] };
  return Type.Unsafe<Static<A> | Static<B>>({
    allOf: [
      { if: condition, else: absent },
      { if: { not: condition }, else: present },
    ],
    ...options,
  });
}

/** One of a few strings, as `enum`. */
export function Choice<const T extends string[]>(values: T, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: values, ...options });
}

/** One of a few whole numbers, as `enum`. */
export function IntegerChoice<const T extends number[]>(values: T, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T[number]>({ type: 'integer', enum: values, ...options });
}

/**
 * A value of type T or null. Where the schema is of one type it is widened in place: behind an `anyOf` a validator
 * would not fill in the defaults.
 */
export function Nullable<T extends TSchema>(schema: T, options: Record<string, unknown> = {}) {
  const { type, enum: values } = schema as { type?: unknown; enum?: unknown };
  const widened =
    typeof type === 'string' && values === undefined
      ? { ...schema, type: [type, 'null'] }
      : { anyOf: [schema, { type: 'null' }] };
  return Type.Unsafe<Static<T> | null>({ ...widened, ...options });
}

/** JSON has no NaN and no infinities: a number that may be one travels as a number or as one of three strings. */
export const WireNumber = Type.Unsafe<WireNumber>({
  anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
  description: 'A number; what JSON cannot write is the string "NaN", "Infinity" or "-Infinity".',
});
export type WireNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** Encodes a number for JSON. */
export function toWire(value: number): WireNumber {
  return Number.isFinite(value) ? value : (String(value) as WireNumber);
}

/** Decodes a number that {@link toWire} encoded. */
export function fromWire(value: WireNumber): number {
  return Number(value);
}
