import { type Measure, measureContracts, measures } from '../contract/measures.js';
import type { ComparisonResults, Estimate, OptimizerResult } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';
import { formatFixed, formatInterval, formatLog, formatLoss } from './numbers.js';
import { figuresOf, rowsOf, verdictOf } from './rows.js';

/** The table of one measure, for whoever writes it: in reports as HTML, on a page as elements. */
export interface MeasureTable {
  /** The first is the measure itself, above the optimizers' names. */
  readonly columns: readonly string[];
  /** The learned optimizer first. */
  readonly rows: readonly { readonly optimizer: OptimizerResult; readonly cells: readonly Cell[] }[];
}

export interface Cell {
  readonly text: string;
  /** Its 95 % interval. */
  readonly interval?: string;
  /** Of a difference. Only an interval that is clear of 0 is "better" or "worse". */
  readonly verdict?: 'better' | 'worse' | 'open';
}

/** The measures to show: the tail only where rates were tuned for it. */
export function measuresShown(tuned: readonly Measure[]): readonly Measure[] {
  return measures.filter((measure) => measure !== 'tail' || tuned.includes(measure));
}

export function measureTable(results: ComparisonResults, measure: Measure): MeasureTable {
  const isFinal = measure === 'final';
  const rows = rowsOf(results, measure).map((optimizer) => {
    const { mean, median, difference, winRate } = figuresOf(optimizer, measure);
    const { log10MeanFinal, versus } = optimizer;
    const isBelow0 = fromWire(mean.value) < 0;
    const log = {
      text: formatLog(log10MeanFinal.value, mean.value),
      interval: isBelow0 ? '' : formatInterval(log10MeanFinal, (v) => formatFixed(v, 2)),
    };
    const cells: Cell[] = [
      estimateCell(mean),
      { text: formatLoss(median) },
      ...(isFinal ? [log] : []),
      differenceCell(difference),
      { text: percent(winRate) },
      ...(isFinal ? [{ text: versus ? saved(versus.stepsSaved.mean) : '' }] : []),
    ];
    return { optimizer, cells };
  });
  const columns = [
    titleOf(measure, results.steps),
    'Mean',
    'Median',
    ...(isFinal ? ['log10 of the mean'] : []),
    'Learned minus this',
    'Learned wins',
    ...(isFinal ? ['Steps saved'] : []),
  ];
  return { columns, rows };
}

/** For example "Sum: Σ f(θₜ), t = 0 … 99". */
export function titleOf(measure: Measure, steps: number): string {
  const { title, formula } = measureContracts[measure];
  return `${title}: ${formula(steps)}`;
}

/** Steps by which the learned optimizer reaches another's final loss sooner; a dash if it never does. */
function saved(steps: number | null): string {
  return steps === null ? '–' : String(steps);
}

export function estimateCell(estimate: Estimate): Cell {
  return { text: formatLoss(estimate.value), interval: formatInterval(estimate) };
}

export function differenceCell(estimate: Estimate | null): Cell {
  if (!estimate) return { text: '' };
  const verdict = verdictOf(estimate);
  return {
    text: signed(estimate),
    interval: formatInterval(estimate),
    verdict: verdict === 'not finite' ? 'open' : verdict,
  };
}

function signed({ value }: Estimate): string {
  return `${fromWire(value) > 0 ? '+' : ''}${formatLoss(value)}`.replace('-', '−');
}

export function percent(share: number | null): string {
  return share === null ? '' : `${(100 * share).toFixed(1)} %`;
}
