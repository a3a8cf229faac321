import { Choice, InnerProblem, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract, InnerProblemSpec } from './family.js';

export type RescaledSpec = {
  name: 'rescaled';
  problem: InnerProblemSpec;
  range: number;
  per?: 'coordinate' | 'tensor' | 'global';
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
      per: Choice(['coordinate', 'tensor', 'global'], {
        default: 'coordinate',
        description: 'What has a c of its own: each coordinate, each tensor of parameters, or only each function.',
      }),
    },
    {
      title: 'Randomly rescaled',
      description:
        'f(c∘θ), f a function of another problem, starting at θ_0/c: coordinates have random scales, drawn for each function (random scaling: Lv et al. 2017, arXiv 1703.03633).',
    },
  ),
);

export const rescaled: FamilyContract<RescaledSpec> = {
  parts: ({ problem }) => [problem],
  parameters: ({ problem }, parametersOf) => parametersOf(problem),
  quadratic: true,
};
