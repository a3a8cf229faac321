import type { Static } from 'typebox';
import { Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';

export const LogisticSpec = Strict(
  {
    name: Type.Literal('logistic'),
    features: Type.Integer({ minimum: 1, maximum: 512, default: 3, description: 'Features per example.' }),
    examples: Type.Integer({
      minimum: 2,
      maximum: 10_000,
      default: 100,
      description: 'Examples per function, half of each class.',
    }),
    l2: Type.Number({
      minimum: 0,
      maximum: 1000,
      default: 5e-4,
      description: 'λ, which penalises the weights but not the bias.',
    }),
  },
  {
    title: 'Logistic regression',
    description:
      'f(w, b) = mean of log(1 + e^z) - y z, z = x·w + b, plus λ/2 |w|²: two classes, with data drawn for each function: per class x ~ N(μ, S Sᵀ) with its own μ ~ N(0, 1) and S ~ N(0, 1/features), (w, b) from N(0, 1) (after Li and Malik 2016, arXiv 1606.01885, section 4).',
  },
);

export const logistic: FamilyContract<Static<typeof LogisticSpec>> = {
  parameters: ({ features }) => [
    { name: 'weights', shape: [features] },
    { name: 'bias', shape: [1] },
  ],
  dataFloats: ({ features, examples }) => examples * (features + 1),
};
