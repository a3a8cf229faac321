import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const ParabolaSpec = Strict(
  {
    name: Type.Literal('parabola'),
    dimension: Type.Integer({ minimum: 1, maximum: 100_000, default: 10, description: 'Coordinates of one function.' }),
  },
  {
    title: 'Parabola',
    description:
      'f(x) = Σ (s∘x)², s ~ U(0.5, 1.5) drawn for each function, x0 ~ U(-1, 1): the first example of a public notebook.',
  },
);

export const parabola: FamilyContract<Static<typeof ParabolaSpec>> = {
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],
  dataFloats: ({ dimension }) => dimension,
  quadratic: true,
};
