import type { Static } from 'typebox';
import { PreprocessSpec } from './networks/lstm.js';
import { BaselineSpec, LearnedSpec } from './optimizers.js';
import { ProblemSpec } from './problems.js';
import { Strict } from './schema.js';
import { Type } from './type.js';
import { compile } from './validate.js';

export const CatalogueEntry = Strict(
  {
    name: Type.String({ description: 'Name in a job’s document.' }),
    title: Type.String({ description: 'Readable name.' }),
    description: Type.String(),
    schema: Type.Object({}, { description: 'JSON Schema of the whole object, `name` included.' }),
    defaults: Type.Object({}, { description: 'The object with every default, for `name` only.' }),
  },
  { title: 'CatalogueEntry' },
);
export type CatalogueEntry = Static<typeof CatalogueEntry>;

export const Catalogue = Strict(
  {
    problems: Type.Array(CatalogueEntry, { description: 'Families of optimizees: `/problem` of a job.' }),
    rules: Type.Array(CatalogueEntry, { description: 'Hand-designed optimizers: `/comparison/baselines` of a job.' }),
    learned: Type.Array(CatalogueEntry, { description: 'Learned optimizers: `/optimizer` of a job.' }),
    preprocessings: Type.Array(CatalogueEntry, {
      description: 'What a learned optimizer sees of a gradient: `/optimizer/preprocess` of a job.',
    }),
  },
  { title: 'Catalogue' },
);
export type Catalogue = Static<typeof Catalogue>;

/** A union of the contract, as JSON Schema. */
interface Union {
  readonly oneOf: readonly Variant[];
}
interface Variant {
  readonly title?: string;
  readonly description?: string;
  readonly properties: { readonly name: { readonly const: string } };
}

/**
 * Everything that a job can name, with its parameters, from the contract's schemas. Loads no engine. Includes the
 * problems of the plugins loaded so far. Each list is made when it is asked for, since the schemas' validators take
 * a fifth of a second to compile.
 */
export const catalogue: Catalogue = {
  get problems() {
    return entries(ProblemSpec);
  },
  get rules() {
    return entries(BaselineSpec);
  },
  get learned() {
    return entries(LearnedSpec);
  },
  get preprocessings() {
    return entries(PreprocessSpec);
  },
};

function entries(union: unknown): CatalogueEntry[] {
  return (union as Union).oneOf.map((schema) => {
    const name = schema.properties.name.const;
    const defaults = { name };
    compile(schema)(defaults);
    return { name, title: schema.title ?? name, description: schema.description ?? '', schema, defaults };
  });
}
