import { InnerProblem, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract, InnerProblemSpec } from './family.js';

export type NoisySpec = {
  name: 'noisy';
  problem: InnerProblemSpec;
  deviation: number;
};

export const NoisySpec = Type.Unsafe<NoisySpec>(
  Strict(
    {
      name: Type.Literal('noisy'),
      problem: InnerProblem({ default: { name: 'quadratic' } }),
      deviation: Type.Number({
        minimum: 0,
        maximum: 1e6,
        default: 0.1,
        description: 'Standard deviation of the noise of each coordinate of the gradient.',
      }),
    },
    {
      title: 'Noisy gradients',
      description:
        'The functions of another problem, but the optimizer sees a noisy gradient ∇f(θ_t) + ε_t, with fresh ε_t ~ N(0, deviation²) at every step (Wichrowska et al. 2017, arXiv 1703.04813, section 4). Losses and the meta-gradient use the true f.',
    },
  ),
);

export const noisy: FamilyContract<NoisySpec> = {
  parts: ({ problem }) => [problem],
  parameters: ({ problem }, parametersOf) => parametersOf(problem),
};
