import type { Static } from 'typebox';
import { Choice, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const QuadraticSpec = Strict(
  {
    name: Type.Literal('quadratic'),
    dimension: Type.Integer({ minimum: 1, maximum: 512, default: 10, description: 'Rows and columns of W.' }),
    distribution: Choice(['uniform', 'normal'], {
      default: 'normal',
      description:
        'Entries of W and y: "uniform" is U[0, 1) with x0 ~ N(0, 0.01²) (deepmind/learning-to-learn); "normal" is N(0, 1) with x0 = 0 (arXiv 1606.04474, section 3.1).',
    }),
  },
  { title: 'Quadratic', description: 'f(x) = |Wx - y|², W and y drawn for each function.' },
);

export const quadratic: FamilyContract<Static<typeof QuadraticSpec>> = {
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],
  dataFloats: ({ dimension }) => dimension * (dimension + 1),
  quadratic: true,
};
