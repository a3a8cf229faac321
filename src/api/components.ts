import { problemReference } from '../contract/schema.js';

type Json = Record<string, unknown>;
interface Document {
  paths?: object;
  components?: { schemas?: object };
}

/**
 * Puts references in place of the schemas that the document's components name, wherever they stand written out, and the
 * examples beside the body of POST /jobs. @fastify/swagger refers only to what has an `$id`, which the contract's
 * schemas do without: an `$id` can be compiled once, and they are parts of one another.
 */
export function referComponents<D extends Document>(document: D, examples: object): D {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Json>;
  const names = new Map(Object.entries(schemas).map(([name, schema]) => [signature(schema), name]));
  if (names.size !== Object.keys(schemas).length) throw new Error('two components are the same schema: drop one');

  const refer = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(refer);
    if (typeof node !== 'object' || node === null) return node;
    return reference(node as Json) ?? inside(node as Json);
  };
  /** A reference keeps what the place says differently: its description, its default. */
  const reference = (node: Json): Json | undefined => {
    const { description, default: standard } = node;
    const overrides = (name: string) => ({
      ...(description !== undefined && description !== schemas[name]?.description ? { description } : {}),
      ...(standard !== undefined ? { default: standard } : {}),
    });
    const name = names.get(signature(node));
    if (name !== undefined) return { ...refTo(name), ...overrides(name) };
    if (!Array.isArray(node.type) || node.type.length !== 2 || node.type[1] !== 'null') return undefined;
    const present = names.get(signature({ ...node, type: node.type[0] }));
    if (present === undefined) return undefined;
    return { anyOf: [refTo(present), { type: 'null' }], ...overrides(present) };
  };
  const inside = (node: Json): Json => {
    // Within the document, what leads to it from elsewhere is a reference to one of its components.
    if (node.$ref === problemReference) return refTo('ProblemSpec');
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, refer(value)]));
    return withMapping(copy, schemas);
  };

  const components = {
    ...document.components,
    schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, inside(schema)])),
  };
  const paths = refer(document.paths) as { '/jobs': { post: { requestBody: { content: Record<string, Json> } } } };
  paths['/jobs'].post.requestBody.content['application/json']!.examples = examples;
  return { ...document, components, paths };
}

/** A schema without what a place may say differently. */
function signature(schema: Json): string {
  return JSON.stringify({ ...schema, description: undefined, default: undefined });
}

function refTo(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** OpenAPI's discriminator tells by the component's name unless it is told which tag is whose. */
function withMapping(node: Json, schemas: Record<string, Json>): Json {
  const { discriminator, oneOf } = node;
  if (discriminator === undefined || !Array.isArray(oneOf)) return node;
  const { propertyName } = discriminator as { propertyName: string };
  const mapping = oneOf.map(({ $ref }: { $ref: string }) => {
    const properties = schemas[$ref.split('/').at(-1)!]?.properties as Record<string, { const: string }>;
    return [properties[propertyName]?.const, $ref];
  });
  return { ...node, discriminator: { propertyName, mapping: Object.fromEntries(mapping) } };
}
