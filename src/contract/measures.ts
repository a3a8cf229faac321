import type { Static } from 'typebox';
import { Choice } from './schema.js';

/** What a run of k steps is judged by. */
export const Measure = Choice(['sum', 'final', 'tail'], {
  description:
    '"sum" is Σ f(θ_t), t = 0 … k - 1; "final" is f(θ_k); "tail" is the mean of f(θ_t) over the last tenth of the steps, at least one: t = 91 … 100 of 100.',
});
export type Measure = Static<typeof Measure>;

export interface MeasureContract {
  /** For tables and choices. */
  readonly title: string;
  /** For tables, such as "Σ f(θₜ), t = 0 … 99". */
  formula(steps: number): string;
  /** The same, and the title, for terminals. */
  plain(steps: number): string;
  /** For summaries, such as "sum of 100 steps". */
  brief(steps: number): string;
  /** Whether it can tell optimizers apart. */
  distinguishes(steps: number): boolean;
  /**
   * The measure of a run, added to a total term by term: sums over runs then depend on nothing but their order.
   * @param losses f(θ_t), t = 0 … k
   */
  of(losses: Losses, total?: number): number;
}

type Losses = Float32Array | Float64Array;

/** The measures of a run, in the order in which they are shown. All are better the smaller they are. */
export const measureContracts: { readonly [M in Measure]: MeasureContract } = {
  sum: {
    title: 'Sum',
    formula: (steps) => `Σ f(θₜ), t = 0 … ${steps - 1}`,
    plain: (steps) => `Sum of f(θ_0) … f(θ_${steps - 1})`,
    brief: (steps) => `sum of ${steps} steps`,
    // Over one step it is f(θ_0), before any step.
    distinguishes: (steps) => steps > 1,
    of(losses, total = 0) {
      for (let t = 0; t < losses.length - 1; t++) total += losses[t]!;
      return total;
    },
  },
  tail: {
    title: 'Tail',
    formula: (steps) => `mean of f(θₜ), t = ${steps - tailSteps(steps) + 1} … ${steps}`,
    plain(steps) {
      const first = steps - tailSteps(steps) + 1;
      return first === steps ? `Tail: f(θ_${steps})` : `Tail: mean of f(θ_${first}) … f(θ_${steps})`;
    },
    brief: () => 'mean of the last tenth',
    distinguishes: () => true,
    of(losses, total = 0) {
      const count = tailSteps(losses.length - 1);
      for (let t = losses.length - count; t < losses.length; t++) total += losses[t]! / count;
      return total;
    },
  },
  final: {
    title: 'Final loss',
    formula: (steps) => `f(θ${subscript(steps)})`,
    plain: (steps) => `Final loss f(θ_${steps})`,
    brief: () => 'final loss',
    distinguishes: () => true,
    of: (losses, total = 0) => total + losses.at(-1)!,
  },
};

export const measures = Object.keys(measureContracts) as Measure[];

/** For running text: "sum", "tail", "final loss". */
export function nameOfMeasure(measure: Measure): string {
  return measureContracts[measure].title.toLowerCase();
}

/** Steps that a run's tail averages. */
export function tailSteps(steps: number): number {
  return Math.max(1, Math.floor(steps / 10));
}

function subscript(number: number): string {
  return String(number).replace(/\d/g, (digit) => String.fromCharCode(0x2080 + Number(digit)));
}
