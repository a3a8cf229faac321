import { type ComparisonSpec, countCombinations, countOptimizers, hasTuning, isTuned } from './comparison.js';
import { checkChunk } from './data-limits.js';
import type { Refuse } from './errors.js';
import { isRule } from './optimizers.js';
import type { ProblemSpec } from './problems.js';
import { checkResultSize } from './result-size.js';
import { yardstickContract } from './yardsticks.js';

const limits = {
  /** Losses kept at once, for one optimizer at a time: functions × (steps + 1) (512 MiB). */
  losses: 2 ** 27,
  /** Functions × optimizers, with three measures kept for each (1.5 GiB). */
  measures: 2 ** 26,
  /** Combinations of other parameters that a rule's rates are tuned with. */
  combinations: 64,
} as const;

/** The limits of a comparison that involve several fields. */
export function checkComparison(comparison: ComparisonSpec, problem: ProblemSpec, refuse: Refuse): void {
  const { functions, steps, baselines, tuning } = comparison;
  const losses = functions * (steps + 1);
  if (losses > limits.losses)
    refuse(
      '/comparison/functions',
      functions,
      `at most ${limits.losses} losses kept (here ${losses}: functions × (steps + 1))`,
    );
  const oversize = checkResultSize(comparison);
  if (oversize) refuse(oversize.pointer, steps, oversize.allowed);
  checkChunk('/comparison/functions', functions, problem, refuse);
  const optimizers = countOptimizers(comparison);
  if (functions * optimizers > limits.measures)
    refuse(
      '/comparison/functions',
      functions,
      `at most ${limits.measures} runs (here ${functions * optimizers}: functions × optimizers, a tuned rule counted once for each measure)`,
    );
  for (const [i, baseline] of baselines.entries()) {
    const misfit = isRule(baseline) ? null : yardstickContract(baseline).refuses(problem);
    if (misfit !== null) refuse(`/comparison/baselines/${i}/name`, baseline.name, `an update rule: ${misfit}`);
    if (!isTuned(baseline)) continue;
    const combinations = countCombinations(baseline, tuning);
    if (combinations > limits.combinations)
      refuse(
        '/comparison/tuning/parameters',
        tuning.parameters,
        `at most ${limits.combinations} combinations for a rule (here ${combinations} for "${baseline.name}")`,
      );
  }
  if (hasTuning(comparison)) checkChunk('/comparison/tuning/functions', tuning.functions, problem, refuse);
}
