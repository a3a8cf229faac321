import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const LassoSpec = Strict(
  {
    name: Type.Literal('lasso'),
    rows: Type.Integer({ minimum: 1, maximum: 512, default: 5, description: 'Rows of A.' }),
    columns: Type.Integer({ minimum: 1, maximum: 1024, default: 10, description: 'Columns of A: coordinates of x.' }),
    l1: Type.Number({ minimum: 0, maximum: 1000, default: 0.005, description: 'λ.' }),
  },
  {
    title: 'LASSO',
    description:
      'f(x) = ½ |Ax - b|² + λ |x|₁, with Aᵀ(Ax - b) + λ sgn x, sgn 0 = 0, as its gradient; A, b ~ N(0, 1) drawn for each function, x0 ~ N(0, 1) (Chen et al. 2022, Learning to optimize: a primer and a benchmark, arXiv 2103.12828).',
  },
);

export const lasso: FamilyContract<Static<typeof LassoSpec>> = {
  parameters: ({ columns }) => [{ name: 'x', shape: [columns] }],
  dataFloats: ({ rows, columns }) => rows * (columns + 1),
};
