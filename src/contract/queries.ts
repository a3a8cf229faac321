import type { Static } from 'typebox';
import { JobState } from './events.js';
import { Strict } from './schema.js';
import { OptimizerName } from './trained.js';
import { Type } from './type.js';

/** Queries for lists and series: the API's query parameters, which its client and its store take too. */

/** The fields that choose a page of a list. */
function page(what: string) {
  return {
    cursor: Type.Optional(Type.String({ maxLength: 256, description: '`next` of the previous page.' })),
    limit: Type.Integer({
      minimum: 1,
      maximum: 200,
      default: 50,
      description: `${what} per page at most; fewer if their documents are long.`,
    }),
  };
}

export const JobsQuery = Strict({
  state: Type.Optional(JobState),
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Only jobs with this label.' })),
  ...page('Jobs'),
});
export type JobsQuery = Static<typeof JobsQuery>;

export const OptimizersQuery = Strict({ name: Type.Optional(OptimizerName), ...page('Optimizers') });
export type OptimizersQuery = Static<typeof OptimizersQuery>;

export const LossesQuery = Strict({
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'First meta-iteration; 0 by default.' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'One past the last meta-iteration; the end by default.' })),
  points: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'Maximum number of buckets.' }),
});
export type LossesQuery = Static<typeof LossesQuery>;

/** A query in which fields with a default may be left out. */
export type Asked<Query> = { [K in keyof Query]?: Query[K] | undefined };
