import type { Static } from 'typebox';
import { Strict, WireNumber } from './schema.js';
import { Type } from './type.js';

/** The losses of a range of meta-iterations, in buckets of consecutive ones. Element i of each array is of bucket i. */
export const LossSeries = Strict(
  {
    from: Type.Integer({ description: 'First meta-iteration of the range.' }),
    to: Type.Integer({ description: 'One past the last meta-iteration.' }),
    iterationsPerBucket: Type.Integer({ minimum: 1 }),
    iteration: Type.Array(Type.Integer(), { description: 'First meta-iteration of the bucket.' }),
    count: Type.Array(Type.Integer(), { description: 'Points in the bucket.' }),
    mean: Type.Array(WireNumber),
    min: Type.Array(WireNumber),
    max: Type.Array(WireNumber),
  },
  { title: 'LossSeries', description: 'Buckets without a point are left out.' },
);
export type LossSeries = Static<typeof LossSeries>;
