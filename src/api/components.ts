import { completeMark, problemReference } from '../contract/schema.js';

type Json = Record<string, unknown>;
interface Document {
  paths?: object;
  components?: { schemas?: object };
}

/** Names of the schemas of complete objects. */
const completed = (name: string) => `Complete${name}`;

/**
 * Replaces every inlined copy of a component's schema by a reference, and adds the examples to the body of POST /jobs.
 * @fastify/swagger only refers to schemas with an `$id`. The contract's schemas have none, since an `$id` can be
 * compiled only once and they are parts of one another. Schemas marked complete get their own components, in which
 * every field with a default is required.
 */
export function referComponents<D extends Document>(document: D, examples: object): D {
  const given = Object.entries((document.components?.schemas ?? {}) as Record<string, Json>);
  const inResponses = given.map(([name, schema]): [string, Json] => [completed(name), complete(schema) as Json]);
  const schemas = Object.fromEntries([...given, ...inResponses]);
  // For a schema without defaults both forms are the same; the last entry wins, which has the plain name.
  const names = new Map([...inResponses, ...given].map(([name, schema]) => [signature(schema), name]));
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
  /**
   * A reference, with the description and the default of the schema in place where they differ from the component's.
   */
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
    // References into this document from outside become references to its components.
    if (node.$ref === problemReference) return refTo('ProblemSpec');
    if (node.$ref === completed(problemReference)) return refTo(completed('ProblemSpec'));
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, refer(value)]));
    return withMapping(copy, schemas);
  };

  const paths = refer(document.paths) as { '/jobs': { post: { requestBody: { content: Record<string, Json> } } } };
  paths['/jobs'].post.requestBody.content['application/json']!.examples = examples;
  const components: Record<string, Json> = Object.fromEntries(given.map(([name, schema]) => [name, inside(schema)]));
  // Complete objects, if referred to; the loop over the set also visits names added meanwhile.
  for (const name of used) components[name] ??= inside(schemas[name]!);
  return { ...document, components: { ...document.components, schemas: components }, paths };
}

/** The schema, with every field that has a default required. */
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

/** A schema without the keywords that a reference may override. */
function signature(schema: Json): string {
  return JSON.stringify({ ...schema, description: undefined, default: undefined });
}

/** OpenAPI's discriminator goes by the component's name unless a mapping names the tags. */
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
