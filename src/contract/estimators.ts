import type { Static } from 'typebox';
import { Nullable, OneOf, Strict } from './schema.js';
import { Type } from './type.js';

/** How the meta-gradient is estimated. */

const sigma = Type.Number({
  exclusiveMinimum: 0,
  maximum: 10,
  default: 0.01,
  description: 'Standard deviation σ of the perturbations ε of φ.',
});

/** What the estimators by evolution strategies share. */
const evolution = {
  sigma,
  horizons: Nullable(
    Strict({
      minimum: Type.Integer({ minimum: 1, maximum: 100_000, default: 100 }),
      maximum: Type.Integer({ minimum: 1, maximum: 100_000, default: 2000 }),
    }),
    {
      default: null,
      description:
        'Each function’s horizon is drawn log-uniformly from this range, and rounded to a multiple of `unroll`; null for `horizon`, the same for all.',
    },
  ),
  stagger: Type.Boolean({
    default: true,
    description:
      'Whether the first functions end early, each after a part of its horizon drawn uniformly, so that the pairs are not all at the same step.',
  }),
  maximumLoss: Nullable(Type.Number({ exclusiveMinimum: 0, maximum: 1e30 }), {
    default: 20,
    description:
      'A loss above this, or not finite, counts as this; null: as the largest float. How many did is in the health events.',
  }),
} as const;

export const EstimatorSpec = OneOf(
  'name',
  [
    Strict(
      { name: Type.Literal('bptt') },
      {
        title: 'Truncated back-propagation',
        description: 'Back-propagation through the steps of an unroll; what came before is a constant.',
      },
    ),
    Strict(
      { name: Type.Literal('es'), ...evolution },
      {
        title: 'Evolution strategies',
        description:
          'Antithetic pairs: each function is optimised with φ + ε and with φ - ε from the same state, ε ~ N(0, σ²); the gradient is the mean of ε (L⁺ - L⁻)/(2σ²). Both continue from the mean of their states, so that truncation biases it as it biases back-propagation.',
      },
    ),
    Strict(
      {
        name: Type.Literal('pes'),
        ...evolution,
        analytic: Type.Boolean({
          default: false,
          description:
            'Whether the gradient by truncated back-propagation serves as control variate: the estimate is that gradient g plus the mean of ξ ((L⁺ - L⁻)/2 - ⟨ε, g⟩)/σ². Needs an optimizer that back-propagation can pass through.',
        }),
      },
      {
        title: 'Persistent evolution strategies',
        description:
          'Each particle keeps its own state over truncations, and ξ sums its perturbations since its function began: the mean of ξ (L⁺ - L⁻)/(2σ²) is not biased by truncation (Vicol, Metz and Sohl-Dickstein 2021, arXiv 2112.13835).',
      },
    ),
    Strict(
      { name: Type.Literal('nres'), ...evolution },
      {
        title: 'Noise-reuse evolution strategies',
        description:
          'Each pair keeps its ε for the whole horizon of its function: the mean of ε (L⁺ - L⁻)/(2σ²) is not biased by truncation, and its variance does not grow with the number of truncations (Li et al. 2023, arXiv 2304.12180).',
      },
    ),
  ],
  {
    description:
      'How the meta-gradient is estimated; by truncated back-propagation unless given. With evolution strategies, `functions` is the number of antithetic pairs, each with a function of its own, and `unroll` the length of a truncation.',
  },
);
export type EstimatorSpec = Static<typeof EstimatorSpec>;
/** The estimators that need losses only. */
export type EvolutionSpec = Exclude<EstimatorSpec, { name: 'bptt' }>;

/** A training's evolution strategies; null if it back-propagates. */
export function evolutionOf({ estimator }: { readonly estimator?: EstimatorSpec }): EvolutionSpec | null {
  return estimator === undefined || estimator.name === 'bptt' ? null : estimator;
}
