import { tunedMeasures } from '../../contract/comparison.js';
import { measureContracts } from '../../contract/measures.js';
import type { ComparisonResults, Estimate } from '../../contract/results.js';
import type { JobSpec } from '../../contract/spec.js';
import { formatCount, formatLoss } from '../../figures/numbers.js';
import { bestBaseline, figuresOf, rowsOf } from '../../figures/rows.js';
import { type Column, renderTable } from './table.js';

const columns = ['Measure', 'Learned', '95 % interval', 'Best hand-designed', 'Mean', '95 % interval'];

/** One row per measure that rates were tuned for: the learned optimizer beside the best hand-designed one. */
export function renderSummary(spec: JobSpec, results: ComparisonResults): string {
  const { steps, functions } = results;
  const rows = (spec.comparison ? tunedMeasures(spec.comparison.tuning) : []).flatMap((measure) => {
    const learned = figuresOf(results.optimizers[0]!, measure).mean;
    const best = bestBaseline(rowsOf(results, measure), measure);
    const others = best ? [best.label, ...cellsOf(figuresOf(best, measure).mean)] : ['none', '', ''];
    return [[measureContracts[measure].brief(steps), ...cellsOf(learned), ...others]];
  });
  const aligned = columns.map((title, c): Column => ({ title, align: c === 0 || c === 3 ? 'left' : 'right' }));
  return `over ${formatCount(functions)} fresh functions\n${renderTable(aligned, rows)}`;
}

function cellsOf({ value, low, high }: Estimate): string[] {
  return [formatLoss(value), `${formatLoss(low)} … ${formatLoss(high)}`];
}
