import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const SimpleSpec = Strict(
  { name: Type.Literal('simple') },
  {
    title: 'Simple',
    description: 'f(x) = x², one coordinate, x0 = 1: the smallest problem of deepmind/learning-to-learn.',
  },
);

export const simple: FamilyContract<Static<typeof SimpleSpec>> = {
  parameters: () => [{ name: 'x', shape: [1] }],
  quadratic: true,
};
