import type * as TypeBox from 'typebox';

/**
 * The TypeBox builders that we need: each makes a JSON Schema whose TypeScript type TypeBox infers. Only TypeBox's
 * types are used, since its own builders load its whole engine, 19 MB in every process.
 */
const builders = {
  Unknown: (options?: Options) => ({ ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Number: (options?: Options) => ({ type: 'number', ...options }),
  String: (options?: Options) => ({ type: 'string', ...options }),
  Literal: (value: string | number | boolean, options?: Options) => ({
    type: typeof value,
    const: value,
    ...options,
  }),
  Array: (items: object, options?: Options) => ({ type: 'array', items, ...options }),
  /** Any string may be a key. */
  Record: (_key: object, value: object, options?: Options) => ({
    type: 'object',
    patternProperties: { '^.*$': value },
    ...options,
  }),
  Object: (properties: Record<string, object>, options?: Options) => {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name]!));
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
  },
  /** A schema that an {@link builders.Object} does not require. */
  Optional: (schema: object) => {
    const copy = { ...schema };
    optional.add(copy);
    return copy;
  },
  /** A schema whose type TypeBox cannot infer. */
  Unsafe: (schema: object) => ({ ...schema }),
};

type Options = Record<string, unknown>;

const optional = new WeakSet<object>();

export const Type = builders as unknown as Pick<typeof TypeBox.Type, keyof typeof builders>;
