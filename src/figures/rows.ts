import type { Measure } from '../contract/comparison.js';
import type { ComparisonResults, MeasureResult, OptimizerResult } from '../contract/results.js';
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

/** The hand-written rule with the least finite mean, if any: conjugate gradients are but a yardstick. */
export function bestBaseline(shown: readonly OptimizerResult[], measure: Measure): OptimizerResult | undefined {
  const meanOf = (optimizer: OptimizerResult) => fromWire(figuresOf(optimizer, measure).mean.value);
  return shown
    .filter(({ rule }) => rule !== null && rule.name !== 'conjugate-gradients')
    .filter((optimizer) => Number.isFinite(meanOf(optimizer)))
    .sort((a, b) => meanOf(a) - meanOf(b))[0];
}
