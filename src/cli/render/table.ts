import { type Measure, measures, tailSteps } from '../../contract/comparison.js';
import type { ComparisonResults, Estimate, OptimizerResult } from '../../contract/results.js';
import { fromWire } from '../../contract/schema.js';
import { printable } from '../../contract/text.js';
import { formatCount, formatFixed, formatLoss } from '../../figures/numbers.js';
import { bestBaseline, figuresOf, rowsOf } from '../../figures/rows.js';
import { type Paint, plain } from './colours.js';

export interface Column {
  title: string;
  align: 'left' | 'right';
}

/** Aligned columns under a rule. The first `marked` rows are set in bold. */
export function renderTable(columns: readonly Column[], cells: readonly string[][], paint = plain, marked = 0): string {
  const rows = cells.map((row) => row.map(printable));
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

/** The comparison: a table for each measure, the learned optimizer first. */
export function renderComparison(results: ComparisonResults, paint: Paint = plain): string {
  const { steps, functions, seed, problem } = results;
  const title = `${problem.name}: ${steps} steps, over ${formatCount(functions)} fresh functions (seed ${seed})`;
  const note =
    'Differences are the learned optimizer’s less the baseline’s, paired by function; intervals are bootstrap intervals over functions.';
  return [title, ...measures.map((measure) => renderMeasure(results, measure, paint)), paint('dim', note)].join('\n\n');
}

function renderMeasure(results: ComparisonResults, measure: Measure, paint: Paint): string {
  const columns: Column[] = [
    { title: titleOf(measure, results.steps), align: 'left' },
    ...['Mean', '95 % interval', 'Median'].map(right),
    ...(measure === 'final' ? [right('log10 mean')] : []),
    ...['Difference', '95 % interval', 'Learned wins'].map(right),
    ...(measure === 'final' ? ['Steps saved', 'Of median'].map(right) : []),
  ];
  const shown = rowsOf(results, measure);
  const rows = shown.map((optimizer) => {
    const { mean, median, difference, winRate } = figuresOf(optimizer, measure);
    const saved = optimizer.versus?.stepsSaved;
    return [
      optimizer.label,
      formatLoss(mean.value),
      formatInterval(mean),
      formatLoss(median),
      ...(measure === 'final' ? [formatFixed(optimizer.log10MeanFinal.value, 2)] : []),
      difference ? formatLoss(difference.value) : '',
      difference ? formatInterval(difference) : '',
      winRate === null ? '' : `${(100 * winRate).toFixed(1)} %`,
      ...(measure === 'final' ? [formatSaved(saved?.mean), formatSaved(saved?.median)] : []),
    ];
  });
  return [renderTable(columns, rows, paint, 1), ...verdict(shown, measure)].join('\n');
}

const right = (title: string): Column => ({ title, align: 'right' });

function titleOf(measure: Measure, steps: number): string {
  if (measure === 'sum') return `Sum of f(θ_0) … f(θ_${steps - 1})`;
  if (measure === 'final') return `Final loss f(θ_${steps})`;
  const first = steps - tailSteps(steps) + 1;
  return first === steps ? `Tail: f(θ_${steps})` : `Tail: mean of f(θ_${first}) … f(θ_${steps})`;
}

/** How the learned optimizer stands to the best of the hand-written rules. */
function verdict(shown: readonly OptimizerResult[], measure: Measure): string[] {
  const best = bestBaseline(shown, measure);
  const difference = best && figuresOf(best, measure).difference;
  if (!difference) return [];
  const [low, high] = [fromWire(difference.low), fromWire(difference.high)];
  const found =
    high < 0
      ? 'the learned optimizer is below it, the interval of the difference clear of 0'
      : low > 0
        ? 'the learned optimizer is above it, the interval of the difference clear of 0'
        : 'the interval of the difference holds 0, or is not finite';
  const edges = shown.filter(({ tuning }) => tuning?.atEdge).map(({ label }) => label);
  const warning = `At the edge of its grid, which could grow no further: ${edges.join('; ')}.`;
  return [`Best baseline: ${best.label}; ${found}.`, ...(edges.length > 0 ? [warning] : [])];
}

function formatInterval({ low, high }: Estimate): string {
  return `${formatLoss(low)} … ${formatLoss(high)}`;
}

/** A dash where the baseline's final loss is never reached. */
function formatSaved(steps: number | null | undefined): string {
  return steps === undefined ? '' : (steps ?? '–').toString();
}
