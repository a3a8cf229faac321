import { tailSteps } from '../../contract/measures.js';
import type { Estimate, OptimizerResult } from '../../contract/results.js';
import { fromWire, toWire } from '../../contract/schema.js';
import { interquartileMean, percentileInterval, stratifiedBootstrap } from '../../core/statistics.js';

/**
 * The scores of a suite of tasks. A task's functions are divided into groups, each of which counts as one run: its curve
 * is the mean over its functions. Losses on mini-batches are noisy, so a curve is smoothed by a mean over a window of a
 * tenth of the steps, and counts for the window's middle. A run's final loss is the last window's: the mean of the last
 * tenth of the steps, as in the measure "tail".
 */

/** A smoothed run. */
export interface SmoothCurve {
  /** The middles of the windows, in steps, ascending. */
  readonly at: readonly number[];
  /** The mean loss of each window. */
  readonly losses: readonly number[];
}

/** The runs of each optimizer that stands for a task. */
export const groups = 4;

/**
 * The smoothed runs of an optimizer on a task.
 * @param steps k
 * @param count number of groups; functions i, i + count, … are in group i
 * @throws RangeError if the results have no curves per function, at steps of which windows can be made
 */
export function runsOf({ curve }: Pick<OptimizerResult, 'curve'>, steps: number, count = groups): SmoothCurve[] {
  const { functions } = curve;
  if (!functions) throw new RangeError('The results have no curves per function.');
  const ends = curve.steps ?? curve.mean.map((_, t) => t);
  return Array.from({ length: Math.min(count, functions.length) }, (_, group) => {
    const own = functions.filter((_, i) => i % count === group).map((losses) => losses.map(fromWire));
    const mean = ends.map((_, place) => own.reduce((sum, losses) => sum + losses[place]!, 0) / own.length);
    return smoothed(ends, mean, tailSteps(steps));
  });
}

/**
 * @param ends e_0 = 0, e_1, … the steps at which the pieces end
 * @param losses at e_0, then the mean over the steps e_{i-1} + 1 … e_i of each piece
 * @param window steps; a multiple of the pieces' length
 */
export function smoothed(ends: readonly number[], losses: readonly number[], window: number): SmoothCurve {
  const at: number[] = [];
  const means: number[] = [];
  for (const [last, end] of ends.entries()) {
    const first = ends.indexOf(end - window);
    if (first < 0) continue;
    let sum = 0;
    for (let i = first + 1; i <= last; i++) sum += losses[i]! * (ends[i]! - ends[i - 1]!);
    at.push(end - (window - 1) / 2);
    means.push(sum / window);
  }
  if (at.at(-1) === undefined || ends.at(-1)! - at.at(-1)! > window)
    throw new RangeError(`Curves at the steps ${ends.slice(0, 3)} … have no windows of ${window} steps.`);
  return { at, losses: means };
}

/** The loss of the last window; infinite if it is not finite. */
export function finalLoss({ losses }: SmoothCurve): number {
  const last = losses.at(-1)!;
  return Number.isFinite(last) ? last : Number.POSITIVE_INFINITY;
}

/** The first step at which a curve is at or below a loss; null if it never is. */
export function stepsTo({ at, losses }: SmoothCurve, goal: number): number | null {
  const first = losses.findIndex((loss) => loss <= goal);
  return first < 0 ? null : at[first]!;
}

export interface SpeedUp {
  readonly value: number;
  /** Whether the goal was not reached within the budget: the value is then an upper bound. */
  readonly censored: boolean;
}

/**
 * The steps that the reference takes to its final loss, over those that a run takes to the same loss. A run that does not
 * reach it counts as taking the whole budget. The goal of a reference whose final loss is not finite is its lowest one.
 */
export function speedUp(reference: SmoothCurve, run: SmoothCurve): SpeedUp {
  const final = finalLoss(reference);
  const goal = Number.isFinite(final) ? final : Math.min(...reference.losses.filter(Number.isFinite));
  const taken = stepsTo(run, goal);
  const budget = run.at.at(-1)!;
  return { value: (stepsTo(reference, goal) ?? budget) / (taken ?? budget), censored: taken === null };
}

/**
 * By how much a final loss is above the reference's, as a share of the latter's magnitude: 0.05 is 5 % above. 0 if both
 * are 0, or neither is finite.
 */
export function excess(reference: number, loss: number): number {
  if (loss === reference) return 0;
  return Number.isFinite(reference) ? (loss - reference) / Math.abs(reference) : -1;
}

/**
 * The interquartile mean over tasks and runs, and the interval of a bootstrap over both.
 * @param scores per task, one per run, as many for every task
 */
export function aggregate(scores: readonly (readonly number[])[], seed = 1, resamples = 2000): Estimate {
  const values = scores.map((runs) => Float64Array.from(runs));
  const drawn = stratifiedBootstrap(values, interquartileMean, { seed, resamples, tasks: true });
  const { low, high } = percentileInterval(drawn, 0.95);
  return { value: toWire(interquartileMean(Float64Array.from(scores.flat()))), low: toWire(low), high: toWire(high) };
}
