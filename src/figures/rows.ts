import { type Measure, measureContracts } from '../contract/measures.js';
import type { ComparisonResults, Estimate, MeasureResult, OptimizerResult, Role } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';

/**
 * The optimizers to show together. A rate tuned only for other measures is left out if some are tuned for this one.
 */
export function rowsOf({ optimizers }: ComparisonResults, measure: Measure): OptimizerResult[] {
  const tunedFor = ({ tuning }: OptimizerResult) => tuning?.measures.includes(measure) ?? false;
  const isTunedFor = optimizers.some((o) => !isLearned(o) && tunedFor(o));
  return optimizers.filter((o) => o.tuning === null || isLearned(o) || !isTunedFor || tunedFor(o));
}

export function roleOf({ role, rule }: Pick<OptimizerResult, 'role' | 'rule'>): Role {
  if (role) return role;
  // Older results, without `role`.
  if (rule === null) return 'learned';
  return 'learningRate' in rule ? 'baseline' : 'yardstick';
}

/** The learning rate used; null where there is none to name. */
export function rateOf({ rule, use }: OptimizerResult): number | null {
  if (use) return use.learningRate;
  return rule && 'learningRate' in rule && typeof rule.learningRate === 'number' ? rule.learningRate : null;
}

export function isLearned(optimizer: Pick<OptimizerResult, 'role' | 'rule'>): boolean {
  return roleOf(optimizer) === 'learned';
}

/** An optimizer's results for one measure. */
export function figuresOf(optimizer: OptimizerResult, measure: Measure): MeasureResult {
  if (optimizer.measures) return optimizer.measures[measure];
  // Older results, without `measures`.
  const { versus } = optimizer;
  const [difference, winRate] = {
    sum: [versus?.sumDifference, versus?.winRate] as const,
    tail: [versus?.tailDifference, versus?.tailWinRate] as const,
    final: [versus?.finalDifference, versus?.finalWinRate] as const,
  }[measure];
  const median = { sum: optimizer.sumMedian, tail: optimizer.tailMedian, final: optimizer.finalMedian }[measure];
  return { mean: optimizer[measure], median, difference: difference ?? null, winRate: winRate ?? null };
}

/** The mean of an optimizer that moves nothing, from this one's start. */
export function standingStill({ curve }: OptimizerResult, measure: Measure): number {
  const steps = curve.steps?.at(-1) ?? curve.mean.length - 1;
  return measureContracts[measure].of(new Float64Array(steps + 1).fill(fromWire(curve.mean[0]!)));
}

/**
 * The hand-designed optimizer with the minimum mean, if any has a finite mean below that of standing still. Yardsticks
 * do not compete.
 */
export function bestBaseline(shown: readonly OptimizerResult[], measure: Measure): OptimizerResult | undefined {
  const meanOf = (optimizer: OptimizerResult) => fromWire(figuresOf(optimizer, measure).mean.value);
  return shown
    .filter((optimizer) => roleOf(optimizer) === 'baseline')
    .filter((optimizer) => Number.isFinite(meanOf(optimizer)) && meanOf(optimizer) < standingStill(optimizer, measure))
    .sort((a, b) => meanOf(a) - meanOf(b))[0];
}

/** What the interval of a difference says about the learned optimizer. */
export function verdictOf({ value, low, high }: Estimate): 'better' | 'worse' | 'open' | 'not finite' {
  if (!Number.isFinite(fromWire(value))) return 'not finite';
  if (fromWire(high) < 0) return 'better';
  return fromWire(low) > 0 ? 'worse' : 'open';
}
