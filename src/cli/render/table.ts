import type { ComparisonResults, OptimizerResult } from '../../contract/results.js';
import { type Paint, plain } from './colours.js';
import { formatCount, formatFixed, formatLoss } from './numbers.js';

export interface Column {
  title: string;
  align: 'left' | 'right';
}

/** Aligned columns under a rule. The first `marked` rows are set in bold. */
export function renderTable(columns: readonly Column[], rows: readonly string[][], paint = plain, marked = 0): string {
  const widths = columns.map(({ title }, c) => rows.reduce((w, row) => Math.max(w, row[c]!.length), title.length));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => (columns[c]!.align === 'left' ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join('   ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((a, b) => a + b, 0) + 3 * (columns.length - 1));
  return [
    paint('dim', line(columns.map(({ title }) => title))),
    paint('dim', rule),
    ...rows.map((row, i) => (i < marked ? paint('bold', line(row)) : line(row))),
  ].join('\n');
}

/** The comparison, the learned optimizer first. */
export function renderComparison(results: ComparisonResults, paint: Paint = plain): string {
  const { steps, functions, seed, problem } = results;
  const columns: Column[] = [
    { title: 'Optimizer', align: 'left' },
    { title: 'Mean sum', align: 'right' },
    { title: '95 % interval', align: 'right' },
    { title: 'Median', align: 'right' },
    { title: 'Mean final', align: 'right' },
    { title: 'log10 final', align: 'right' },
    { title: 'Learned wins', align: 'right' },
  ];
  const rows = results.optimizers.map((optimizer) => [
    optimizer.label,
    formatLoss(optimizer.sum.value),
    `${formatLoss(optimizer.sum.low)} … ${formatLoss(optimizer.sum.high)}`,
    formatLoss(optimizer.sumMedian),
    formatLoss(optimizer.final.value),
    formatFixed(optimizer.log10MeanFinal.value, 2),
    winRate(optimizer),
  ]);
  const title = `${problem.name}: Σ f(θ_t) of ${steps} steps and final loss f(θ_${steps}), over ${formatCount(functions)} fresh functions (seed ${seed})`;
  return `${title}\n\n${renderTable(columns, rows, paint, 1)}`;
}

function winRate({ versus }: OptimizerResult): string {
  return versus === null ? '' : `${(100 * versus.winRate).toFixed(1)} %`;
}
