import { InnerProblem, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract, InnerProblemSpec } from './family.js';

export type EnsembleSpec = {
  name: 'ensemble';
  members: { problem: InnerProblemSpec; weight: number }[];
};

export const EnsembleSpec = Type.Unsafe<EnsembleSpec>(
  Strict(
    {
      name: Type.Literal('ensemble'),
      members: Type.Array(
        Strict({
          problem: InnerProblem(),
          weight: Type.Number({
            exclusiveMinimum: 0,
            maximum: 1e6,
            default: 1,
            description: 'Factor on its loss.',
          }),
        }),
        {
          minItems: 1,
          maxItems: 8,
          default: [{ problem: { name: 'parabola' } }, { problem: { name: 'quadratic' } }],
          description: 'The problems; each has its own coordinates.',
        },
      ),
    },
    {
      title: 'Ensemble',
      description:
        'f(θ) = Σ w_i f_i(θ_i), with one function per member, and θ the concatenation of the θ_i: several problems optimised together by one optimizer (deepmind/learning-to-learn, `ensemble`).',
    },
  ),
);

export const ensemble: FamilyContract<EnsembleSpec> = {
  parts: ({ members }) => members.map(({ problem }) => problem),
  parameters: ({ members }, parametersOf) =>
    members.flatMap(({ problem }, i) =>
      parametersOf(problem).map(({ name, shape }) => ({ name: `member${i + 1}/${name}`, shape })),
    ),
  quadratic: true,
};
