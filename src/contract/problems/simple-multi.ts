import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const SimpleMultiSpec = Strict(
  {
    name: Type.Literal('simple-multi'),
    dimension: Type.Integer({
      minimum: 1,
      maximum: 512,
      default: 2,
      description: 'Number of parameters, of one coordinate each.',
    }),
  },
  {
    title: 'Simple, several parameters',
    description:
      'f(x) = Σ x_i², starting at x_i = 1, each x_i a separate parameter x_0, x_1, …: the problem in which deepmind/learning-to-learn gives x_1 to a hand-designed optimizer.',
  },
);

export const simpleMulti: FamilyContract<Static<typeof SimpleMultiSpec>> = {
  parameters: ({ dimension }) => Array.from({ length: dimension }, (_, i) => ({ name: `x_${i}`, shape: [1] })),
};
