import type { Catalogue } from '../../contract/catalogue.js';
import { problemReference } from '../../contract/schema.js';
import { JobSpec } from '../../contract/spec.js';
import type { Field, Schema } from './field.js';
import { SchemaReader } from './read-schema.js';

/** The schemas that others refer to. The problems are the service's own, those of its plugins included. */
export function referencesOf({ problems }: Catalogue): Record<string, Schema> {
  const known = problemUnion(JobSpec as unknown as Schema);
  return { [problemReference]: { ...known, oneOf: problems.map(({ schema }) => schema as Schema) } };
}

/**
 * A job's document as a form. Its schemas are the contract's own, which this page shares with the service that serves
 * it; only the problems may be more.
 */
export function jobField(catalogue: Catalogue): Field {
  const references = referencesOf(catalogue);
  const schema = JobSpec as unknown as { oneOf: { properties: Schema }[] } & Schema;
  const variants = schema.oneOf.map((variant) => ({
    ...variant,
    properties: { ...variant.properties, problem: { $ref: problemReference } },
  }));
  return new SchemaReader(references).read({ ...schema, oneOf: variants });
}

function problemUnion(job: Schema): Schema {
  const [variant] = job.oneOf as { properties: { problem: Schema } }[];
  return variant!.properties.problem;
}
