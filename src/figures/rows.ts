import type { Measure } from '../contract/comparison.js';
import type { ComparisonResults, Estimate, MeasureResult, OptimizerResult } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';

/**
 * The optimizers to be shown beside each other: a rate that was tuned for other measures alone has no place beside those
 * tuned for this one.
 */
export function rowsOf({ optimizers }: ComparisonResults, measure: Measure): OptimizerResult[] {
  const tunedFor = ({ tuning }: OptimizerResult) => tuning?.measures.includes(measure) ?? false;
  const isTunedFor = optimizers.some(tunedFor);
  return optimizers.filter((o) => o.tuning === null || !isTunedFor || tunedFor(o));
}

/** What was found for one measure. */
export function figuresOf(optimizer: OptimizerResult, measure: Measure): MeasureResult {
  if (optimizer.measures) return optimizer.measures[measure];
  // Results that were made before they had `measures`.
  const { versus } = optimizer;
  const [difference, winRate] = {
    sum: [versus?.sumDifference, versus?.winRate] as const,
    tail: [versus?.tailDifference, versus?.tailWinRate] as const,
    final: [versus?.finalDifference, versus?.finalWinRate] as const,
  }[measure];
  const median = { sum: optimizer.sumMedian, tail: optimizer.tailMedian, final: optimizer.finalMedian }[measure];
  return { mean: optimizer[measure], median, difference: difference ?? null, winRate: winRate ?? null };
}

/** The mean that an optimizer which moves nothing would have, by where this one begins. */
export function standingStill({ curve }: OptimizerResult, measure: Measure): number {
  const start = fromWire(curve.mean[0]!);
  return measure === 'sum' ? (curve.mean.length - 1) * start : start;
}

/**
 * The hand-written rule with the least mean, if there is one whose mean is finite and less than that of standing still.
 * Conjugate gradients are but a yardstick.
 */
export function bestBaseline(shown: readonly OptimizerResult[], measure: Measure): OptimizerResult | undefined {
  const meanOf = (optimizer: OptimizerResult) => fromWire(figuresOf(optimizer, measure).mean.value);
  return shown
    .filter(({ rule }) => rule !== null && rule.name !== 'conjugate-gradients')
    .filter((optimizer) => Number.isFinite(meanOf(optimizer)) && meanOf(optimizer) < standingStill(optimizer, measure))
    .sort((a, b) => meanOf(a) - meanOf(b))[0];
}

/** What the interval of a difference says of the learned optimizer. */
export function verdictOf({ value, low, high }: Estimate): 'better' | 'worse' | 'open' | 'not finite' {
  if (!Number.isFinite(fromWire(value))) return 'not finite';
  if (fromWire(high) < 0) return 'better';
  return fromWire(low) > 0 ? 'worse' : 'open';
}
