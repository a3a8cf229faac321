import { InnerProblem, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract, InnerProblemSpec } from './family.js';

export type RescaledSpec = {
  name: 'rescaled';
  problem: InnerProblemSpec;
  range: number;
};

export const RescaledSpec = Type.Unsafe<RescaledSpec>(
  Strict(
    {
      name: Type.Literal('rescaled'),
      problem: InnerProblem({ default: { name: 'quadratic' } }),
      range: Type.Number({
        minimum: 0,
        maximum: 10,
        default: 1,
        description: 'c = exp(u), u ~ U(-range, range).',
      }),
    },
    {
      title: 'Randomly rescaled',
      description:
        'f(c∘θ), f a function of another problem, starting at θ_0/c: each coordinate has its own scale, drawn for each function (random scaling: Lv et al. 2017, arXiv 1703.03633).',
    },
  ),
);

export const rescaled: FamilyContract<RescaledSpec> = {
  parts: ({ problem }) => [problem],
  parameters: ({ problem }, parametersOf) => parametersOf(problem),
  quadratic: true,
};
