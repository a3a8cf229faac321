import type { Measure } from '../contract/comparison.js';
import type { ComparisonResults, Estimate, OptimizerResult } from '../contract/results.js';
import { fromWire, type WireNumber } from '../contract/schema.js';

/**
 * The optimizers to be shown beside each other: a rate that was tuned for other measures alone has no place beside those
 * tuned for this one.
 */
export function rowsOf({ optimizers }: ComparisonResults, measure: Measure): OptimizerResult[] {
  const tunedFor = ({ tuning }: OptimizerResult) => tuning?.measures.includes(measure) ?? false;
  const isTunedFor = optimizers.some(tunedFor);
  return optimizers.filter((o) => o.tuning === null || !isTunedFor || tunedFor(o));
}

/** What the results say of one measure. */
export function figuresOf(optimizer: OptimizerResult, measure: Measure) {
  const { versus } = optimizer;
  switch (measure) {
    case 'sum':
      return figures(optimizer.sum, optimizer.sumMedian, versus?.sumDifference, versus?.winRate);
    case 'tail':
      return figures(optimizer.tail, optimizer.tailMedian, versus?.tailDifference, versus?.tailWinRate);
    case 'final':
      return figures(optimizer.final, optimizer.finalMedian, versus?.finalDifference, versus?.finalWinRate);
  }
}

function figures(
  mean: Estimate,
  median: WireNumber,
  difference: Estimate | null = null,
  winRate: number | null = null,
) {
  return { mean, median, difference, winRate };
}

/** The hand-written rule with the least finite mean, if any: conjugate gradients are but a yardstick. */
export function bestBaseline(shown: readonly OptimizerResult[], measure: Measure): OptimizerResult | undefined {
  const meanOf = (optimizer: OptimizerResult) => fromWire(figuresOf(optimizer, measure).mean.value);
  return shown
    .filter(({ rule }) => rule !== null && rule.name !== 'conjugate-gradients')
    .filter((optimizer) => Number.isFinite(meanOf(optimizer)))
    .sort((a, b) => meanOf(a) - meanOf(b))[0];
}
