import type { Static } from 'typebox';
import { Strict, WireNumber } from './schema.js';
import { Type } from './type.js';

const numbers = (description: string) => Type.Array(WireNumber, { description });

/**
 * Summaries of buckets of consecutive meta-iterations, in parallel arrays. A bucket has `iterationsPerBucket`
 * meta-iterations and begins at a multiple of it; buckets without a point are left out.
 */
export const lossBuckets = {
  iterationsPerBucket: Type.Integer({
    minimum: 1,
    description: 'Meta-iterations per bucket, a power of 4. Each bucket begins at a multiple of it.',
  }),
  iteration: Type.Array(Type.Integer(), { description: 'First meta-iteration of the bucket.' }),
  count: Type.Array(Type.Integer(), { description: 'Points in the bucket.' }),
  finite: Type.Array(Type.Integer(), { description: 'Points that are finite numbers.' }),
  mean: numbers('Mean of the finite points; "NaN" if there are none.'),
  min: numbers('Minimum of the finite points; "NaN" if there are none.'),
  max: numbers('Maximum of the finite points; "NaN" if there are none.'),
  last: numbers('The last point, finite or not.'),
};
const Buckets = Strict(lossBuckets);
export type LossBucketArrays = Static<typeof Buckets>;

/** The losses of a range of meta-iterations, in buckets of consecutive ones. Element i of each array is of bucket i. */
export const LossSeries = Strict(
  {
    from: Type.Integer({
      description: 'First meta-iteration of the range, rounded down to the beginning of a bucket.',
    }),
    to: Type.Integer({
      description: 'One past the last meta-iteration: the end of a bucket, or of the losses so far.',
    }),
    ...lossBuckets,
    cursor: Type.String({
      description:
        'Cursor of the job’s events up to which losses are in here: later ones of the range follow it in the stream.',
    }),
  },
  { title: 'LossSeries', description: 'Buckets without a point are left out.' },
);
export type LossSeries = Static<typeof LossSeries>;

/** Widths of buckets are powers of this, so that buckets of one width nest in those of the next. */
export const ladder = 4;

/** The smallest width of the ladder that covers meta-iterations [from, to) with at most `points` buckets. */
export function widthFor(from: number, to: number, points: number): number {
  let width = 1;
  while (Math.ceil(to / width) - Math.floor(from / width) > Math.max(1, points)) width *= ladder;
  return width;
}

/** A loss in a table: nine digits, which round-trip fp32, without trailing zeros. */
export function toCell(loss: number): number {
  return Number(loss.toPrecision(9));
}
