import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const RastriginSpec = Strict(
  {
    name: Type.Literal('rastrigin'),
    dimension: Type.Integer({ minimum: 1, maximum: 512, default: 10, description: 'Rows and columns of A.' }),
    alpha: Type.Number({ minimum: 0, maximum: 1e6, default: 10, description: 'α: how deep the ripples are.' }),
  },
  {
    title: 'Rastrigin',
    description:
      'f(x) = |Ax - b|² - α Σ c_i cos(2π x_i) + α d: Rastrigin’s rippled bowl as a random family; A, b, c ~ N(0, 1) drawn for each function, x0 ~ N(0, 1) (Cao et al. 2019, Learning to optimize in swarms). Losses may be negative where some c_i is above 1.',
  },
);

export const rastrigin: FamilyContract<Static<typeof RastriginSpec>> = {
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],
  dataFloats: ({ dimension }) => dimension * (dimension + 2),
};
