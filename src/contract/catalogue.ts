import type { Static } from 'typebox';
import { BaselineSpec, LearnedSpec, PreprocessSpec } from './optimizers.js';
import { ProblemSpec } from './problems.js';
import { Strict } from './schema.js';
import { Type } from './type.js';
import { compile } from './validate.js';

export const CatalogueEntry = Strict(
  {
    name: Type.String({ description: 'What a job’s document calls it.' }),
    title: Type.String({ description: 'For people.' }),
    description: Type.String(),
    schema: Type.Object({}, { description: 'JSON Schema of the whole object, `name` included.' }),
    defaults: Type.Object({}, { description: 'The object as it is when nothing but `name` is said.' }),
  },
  { title: 'CatalogueEntry' },
);
export type CatalogueEntry = Static<typeof CatalogueEntry>;

export const Catalogue = Strict(
  {
    problems: Type.Array(CatalogueEntry, { description: 'Families of optimizees: `/problem` of a job.' }),
    rules: Type.Array(CatalogueEntry, { description: 'Hand-written rules: `/comparison/baselines` of a job.' }),
    learned: Type.Array(CatalogueEntry, { description: 'Learned optimizers: `/optimizer` of a job.' }),
    preprocessings: Type.Array(CatalogueEntry, {
      description: 'What a learned optimizer sees of a gradient: `/optimizer/preprocess` of a job.',
    }),
  },
  { title: 'Catalogue' },
);
export type Catalogue = Static<typeof Catalogue>;

/** A union of the contract, as the JSON Schema that it is. */
interface Union {
  readonly oneOf: readonly Variant[];
}
interface Variant {
  readonly title?: string;
  readonly description?: string;
  readonly properties: { readonly name: { readonly const: string } };
}

/**
 * Everything that a job can name, with its parameters: the contract's schemas, told as a list. It loads no engine. Its
 * problems are those that there are when it is asked: plugins add to them.
 */
export const catalogue: Catalogue = {
  get problems() {
    return entries(ProblemSpec);
  },
  rules: entries(BaselineSpec),
  learned: entries(LearnedSpec),
  preprocessings: entries(PreprocessSpec),
};

function entries(union: unknown): CatalogueEntry[] {
  return (union as Union).oneOf.map((schema) => {
    const name = schema.properties.name.const;
    const defaults = { name };
    compile(schema)(defaults);
    return { name, title: schema.title ?? name, description: schema.description ?? '', schema, defaults };
  });
}
