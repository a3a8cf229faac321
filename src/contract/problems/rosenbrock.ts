import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const RosenbrockSpec = Strict(
  {
    name: Type.Literal('rosenbrock'),
    dimension: Type.Integer({ minimum: 2, maximum: 100_000, default: 2 }),
    steepness: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e6,
      default: 100,
      description: 'Steepness of the valley’s walls; Rosenbrock’s is 100.',
    }),
  },
  {
    title: 'Rosenbrock',
    description:
      'f(x) = Σ a_i (z_{i+1} - z_i²)² + (1 - z_i)², z = x - o + 1: Rosenbrock’s curved valley (The Computer Journal 3, 1960), shifted to have its minimum, 0, at o (CEC 2005). o ~ U(-1, 1) and a ~ steepness · U(0.5, 1.5) drawn for each function, x0 ~ U(-2.048, 2.048).',
  },
);

export const rosenbrock: FamilyContract<Static<typeof RosenbrockSpec>> = {
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],
  dataFloats: ({ dimension }) => 2 * dimension - 1,
};
