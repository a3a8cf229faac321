import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const AckleySpec = Strict(
  {
    name: Type.Literal('ackley'),
    dimension: Type.Integer({ minimum: 1, maximum: 100_000, default: 2 }),
  },
  {
    title: 'Ackley',
    description:
      'f(x) = -20 exp(-0.2 √(|z|²/d)) - exp(Σ cos(2π z_i)/d) + 20 + e, z = x - o: Ackley’s function (1987), a rippled plain with a narrow minimum, 0, at o. o ~ U(-1, 1) drawn for each function, x0 ~ U(-5, 5).',
  },
);

export const ackley: FamilyContract<Static<typeof AckleySpec>> = {
  parameters: ({ dimension }) => [{ name: 'x', shape: [dimension] }],
  dataFloats: ({ dimension }) => dimension,
};
