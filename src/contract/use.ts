import type { Static } from 'typebox';
import { OneOf, Strict } from './schema.js';
import { Type } from './type.js';

/** How a run uses an optimizer: what multiplies its steps. */

export const StepSchedule = OneOf(
  'name',
  [
    Strict({ name: Type.Literal('constant') }, { description: 'The same rate at every step.' }),
    Strict(
      {
        name: Type.Literal('cosine'),
        warmup: Type.Number({
          minimum: 0,
          exclusiveMaximum: 1,
          default: 0.05,
          description: 'Share of the steps over which the rate rises linearly to its peak.',
        }),
        finalFraction: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0,
          description: 'Fraction of the rate at the last step.',
        }),
      },
      {
        description:
          'Half a cosine from the rate down to a fraction of it, over the steps of the run (Loshchilov and Hutter 2017, without restarts), after a linear warm-up.',
      },
    ),
  ],
  { description: 'The learning rate over the steps of a run.' },
);
export type StepSchedule = Static<typeof StepSchedule>;

/** A run's learning rate α, its schedule and the decoupled weight decay λ of a learned optimizer: θ ← θ - α_t (s + λ θ). */
export interface Use {
  readonly learningRate: number;
  readonly schedule: StepSchedule;
  readonly weightDecay: number;
}

/** The same for a run of known length. */
export interface StepRates {
  /** α_t of step t, from 0. */
  at(t: number): number;
  readonly weightDecay: number;
}

export function stepRates(use: Use, steps: number): StepRates {
  return { at: (t) => rateAtStep(use, t, steps), weightDecay: use.weightDecay };
}

/**
 * α_t of step t of a run of `steps`, t = 0 … steps - 1: with a warm-up of w = ⌈warmup · steps⌉ steps, α (t + 1)/w for
 * t < w, then α (p + (1 - p) (1 + cos(π (t - w)/(steps - w)))/2), p the final fraction.
 */
export function rateAtStep({ learningRate, schedule }: Omit<Use, 'weightDecay'>, t: number, steps: number): number {
  if (schedule.name === 'constant') return learningRate;
  const warmup = Math.ceil(schedule.warmup * steps);
  if (t < warmup) return (learningRate * (t + 1)) / warmup;
  const { finalFraction } = schedule;
  const left = (1 + Math.cos((Math.PI * (t - warmup)) / (steps - warmup))) / 2;
  return learningRate * (finalFraction + (1 - finalFraction) * left);
}

/** What documents say of a use besides its rate. */
export const useFields = {
  schedule: Type.Unsafe<StepSchedule>({ ...StepSchedule, default: { name: 'constant' } }),
  weightDecay: Type.Number({ minimum: 0, maximum: 10, default: 0, description: 'λ: θ shrinks by α_t λ θ per step.' }),
} as const;

/** A schedule that documents need not have: a constant rate. */
export const OptionalSchedule = Type.Optional(
  Type.Unsafe<StepSchedule>({
    ...StepSchedule,
    description: 'The learning rate α_t over the steps of a run; constant unless given.',
  }),
);

/** For labels: ", cosine", or nothing for a constant rate. */
export function scheduleLabel(schedule: StepSchedule | undefined): string {
  return schedule === undefined || schedule.name === 'constant' ? '' : `, ${schedule.name}`;
}
