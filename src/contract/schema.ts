import type { Static, TObject, TProperties, TSchema } from 'typebox';
import { imageSetNames } from './image-sets.js';
import { Type } from './type.js';

/**
 * An object with the named fields and no others. Fields with a default are optional: the validator fills them in.
 * {@link Complete} marks objects that are shown with all of them.
 */
export function Strict<T extends TProperties>(properties: T, options: Record<string, unknown> = {}): TObject<T> {
  const object: object = Type.Object(properties, { additionalProperties: false, ...options });
  const { required = [], ...rest } = object as { required?: string[] };
  const needed = required.filter((name) => !('default' in properties[name]!));
  return { ...rest, ...(needed.length > 0 && { required: needed }) } as unknown as TObject<T>;
}

/** Marks a schema whose objects are shown as stored, with all the fields that have a default. */
export const completeMark = 'x-complete';

/** A document as in responses: complete. The OpenAPI document has this schema besides the one for requests. */
export function Complete<T extends TSchema>(schema: T) {
  return Type.Unsafe<Static<T>>({ ...schema, [completeMark]: true });
}

/**
 * A union of strict objects distinguished by one constant field. It is written as `oneOf` with OpenAPI's
 * `discriminator`, so that a validator reports only the errors of the variant that was meant.
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
 * A reference to the schema of any problem, for problems within problems. It resolves wherever the service publishes a
 * schema, and `compile` knows it.
 */
export const problemReference = 'openapi.yaml#/components/schemas/ProblemSpec';
export function InnerProblem(options: Record<string, unknown> = {}): TSchema {
  return Type.Unsafe({ allOf: [{ $ref: problemReference }], description: 'Any problem.', ...options });
}

/**
 * A union of two strict objects distinguished by whether a field is present. As with {@link OneOf}, a validator reports
 * only the errors of the variant that was meant.
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

/** The name of a data set of images. The list of the schema grows with those that are added. */
export function ImageSetName(options: Record<string, unknown> = {}) {
  const description =
    'The data set, by name. NAME-8 has the images of NAME reduced to 8 × 8, NAME-grey without their colours.';
  return Type.Unsafe<string>({ type: 'string', enum: imageSetNames, description, ...options });
}

/** One of a few whole numbers, as `enum`. */
export function IntegerChoice<const T extends number[]>(values: T, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T[number]>({ type: 'integer', enum: values, ...options });
}

/**
 * A value of type T or null. A schema of a single type is widened in place: behind an `anyOf`, a validator would not
 * fill in the defaults.
 */
export function Nullable<T extends TSchema>(schema: T, options: Record<string, unknown> = {}) {
  const { type, enum: values } = schema as { type?: unknown; enum?: unknown };
  const widened =
    typeof type === 'string' && values === undefined
      ? { ...schema, type: [type, 'null'] }
      : { anyOf: [schema, { type: 'null' }] };
  return Type.Unsafe<Static<T> | null>({ ...widened, ...options });
}

/** JSON has no NaN and no infinities: a number that may be one is sent as a number or as one of three strings. */
export const WireNumber = Type.Unsafe<WireNumber>({
  anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
  description: 'A number, or the string "NaN", "Infinity" or "-Infinity", which JSON has no numbers for.',
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
