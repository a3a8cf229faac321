import { InnerProblem, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract, InnerProblemSpec, Parameter } from './family.js';

export type MixtureSpec = {
  name: 'mixture';
  components: { problem: InnerProblemSpec; weight: number }[];
};

export const MixtureSpec = Type.Unsafe<MixtureSpec>(
  Strict(
    {
      name: Type.Literal('mixture'),
      components: Type.Array(
        Strict({
          problem: InnerProblem({ description: 'Any problem but a mixture.' }),
          weight: Type.Number({
            exclusiveMinimum: 0,
            maximum: 1e6,
            default: 1,
            description: 'The share of its functions, relative to the other weights.',
          }),
        }),
        {
          minItems: 1,
          maxItems: 16,
          default: [{ problem: { name: 'parabola' } }, { problem: { name: 'quadratic' } }],
          description: 'The problems; their functions may have different sizes.',
        },
      ),
    },
    {
      title: 'Mixture',
      description:
        'Each function is a function of one of several problems, to which consecutive functions are assigned evenly, by their weights: the optimizer learns from many tasks. Several perceptrons of different widths are one of random width. An optimizer has to fit every component; sizes and limits are those of the largest. A mixture is the whole problem: what scales or disturbs functions is put into its components.',
    },
  ),
);

export const mixture: FamilyContract<MixtureSpec> = {
  parts: ({ components }) => components.map(({ problem }) => problem),
  /** The largest component's. */
  parameters: ({ components }, parametersOf) =>
    components
      .map(({ problem }) => parametersOf(problem))
      .reduce((largest, parameters) => (sizeOf(parameters) > sizeOf(largest) ? parameters : largest)),
};

function sizeOf(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
