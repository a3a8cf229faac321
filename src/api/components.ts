import { completeMark, problemReference } from '../contract/schema.js';

type Json = Record<string, unknown>;
interface Document {
  paths?: object;
  components?: { schemas?: object };
}

/** Names of the schemas of complete objects. */
const completed = (name: string) => `Complete${name}`;

/**
 * Puts references in place of the schemas that the document's components name, wherever they stand written out, and the
 * examples beside the body of POST /jobs. @fastify/swagger refers only to what has an `$id`, which the contract's
 * schemas do without: an `$id` can be compiled once, and they are parts of one another. What answers show complete gets
 * components of its own, in which every field that has a default is required.
 */
export function referComponents<D extends Document>(document: D, examples: object): D {
  const given = Object.entries((document.components?.schemas ?? {}) as Record<string, Json>);
  const inAnswers = given.map(([name, schema]): [string, Json] => [completed(name), complete(schema) as Json]);
  const schemas = Object.fromEntries([...given, ...inAnswers]);
  // Of a schema without defaults both forms are the same; the last entry holds, and that is its own name's.
  const names = new Map([...inAnswers, ...given].map(([name, schema]) => [signature(schema), name]));
  if (given.some(([name, schema]) => names.get(signature(schema)) !== name))
    throw new Error('two components are the same schema: drop one');

  const used = new Set<string>();
  const refTo = (name: string): { $ref: string } => {
    used.add(name);
    return { $ref: `#/components/schemas/${name}` };
  };
  const refer = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(refer);
    if (typeof node !== 'object' || node === null) return node;
    const { [completeMark]: marked, ...schema } = node as Json;
    const shown = (marked ? complete(schema) : schema) as Json;
    return reference(shown) ?? inside(shown);
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
    if (node.$ref === completed(problemReference)) return refTo(completed('ProblemSpec'));
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, refer(value)]));
    return withMapping(copy, schemas);
  };

  const paths = refer(document.paths) as { '/jobs': { post: { requestBody: { content: Record<string, Json> } } } };
  paths['/jobs'].post.requestBody.content['application/json']!.examples = examples;
  const components: Record<string, Json> = Object.fromEntries(given.map(([name, schema]) => [name, inside(schema)]));
  // Those of complete objects where something refers to them; a set's loop sees what is added meanwhile.
  for (const name of used) components[name] ??= inside(schemas[name]!);
  return { ...document, components: { ...document.components, schemas: components }, paths };
}

/** The schema with every field required that has a default. */
function complete(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(complete);
  if (typeof node !== 'object' || node === null) return node;
  if ((node as Json).$ref === problemReference) return { ...node, $ref: completed(problemReference) };
  const copy: Json = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, complete(value)]));
  const { properties, required = [] } = copy as { properties?: Record<string, object>; required?: string[] };
  if (properties === undefined) return copy;
  const needed = Object.keys(properties).filter((name) => required.includes(name) || 'default' in properties[name]!);
  return needed.length > 0 ? { ...copy, required: needed } : copy;
}

/** A schema without what a place may say differently. */
function signature(schema: Json): string {
  return JSON.stringify({ ...schema, description: undefined, default: undefined });
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
