import { type Measure, measureContracts, measures } from '../../contract/measures.js';
import type { ComparisonResults } from '../../contract/results.js';
import { printable } from '../../contract/text.js';
import { type ComponentTable, componentTables } from '../../figures/components.js';
import { measureNotes, transferNote } from '../../figures/notes.js';
import { formatCount, formatInterval, formatLog, formatLoss } from '../../figures/numbers.js';
import { figuresOf, rowsOf } from '../../figures/rows.js';
import { type Paint, plain } from './colours.js';

export interface Column {
  title: string;
  align: 'left' | 'right';
}

/** How a table is drawn. */
export interface TableStyle {
  paint?: Paint;
  /** Number of rows at the top in bold. */
  marked?: number;
  /** In characters: columns that do not fit go into a table below, which repeats the first column. */
  width?: number;
}

/** Aligned columns, with a rule below their titles. */
export function renderTable(columns: readonly Column[], cells: readonly string[][], style: TableStyle = {}): string {
  const rows = cells.map((row) => row.map(printable));
  const { paint = plain, marked = 0, width = Number.POSITIVE_INFINITY } = style;
  const widths = columns.map(({ title }, c) => rows.reduce((w, row) => Math.max(w, row[c]!.length), title.length));
  const drawn = (chosen: readonly number[]) => {
    const line = (cells: readonly string[]) =>
      chosen
        .map((c) => (columns[c]!.align === 'left' ? cells[c]!.padEnd(widths[c]!) : cells[c]!.padStart(widths[c]!)))
        .join(gap)
        .trimEnd();
    return [
      paint('dim', line(columns.map(({ title }) => title))),
      paint('dim', '─'.repeat(widthOf(chosen, widths))),
      ...rows.map((row, i) => (i < marked ? paint('bold', line(row)) : line(row))),
    ].join('\n');
  };
  return folded(widths, width).map(drawn).join('\n\n');
}

const gap = '   ';

function widthOf(columns: readonly number[], widths: readonly number[]): number {
  return columns.reduce((sum, c) => sum + widths[c]!, 0) + gap.length * (columns.length - 1);
}

/** Splits the columns into tables that fit a width, each with the first column. */
function folded(widths: readonly number[], width: number): number[][] {
  const tables: number[][] = [[0]];
  for (let c = 1; c < widths.length; c++) {
    const last = tables.at(-1)!;
    if (last.length === 1 || widthOf([...last, c], widths) <= width) last.push(c);
    else tables.push([0, c]);
  }
  return tables;
}

/** The comparison: one table per measure, the learned optimizer first. */
export function renderComparison(results: ComparisonResults, style: TableStyle = {}): string {
  const { paint = plain } = style;
  const { steps, functions, seed, problem } = results;
  const title = `${problem.name}: ${steps} steps, over ${formatCount(functions)} fresh functions (seed ${seed})`;
  const note =
    'Differences are learned minus baseline, paired by function; intervals are bootstrap intervals over functions.';
  return [
    [title, ...transferNote(results).map(printable)].join('\n'),
    ...measures.map((measure) => renderMeasure(results, measure, { ...style, marked: 1 })),
    ...componentTables(results).map((table) => renderComponent(table, { ...style, marked: 1 })),
    paint('dim', note),
  ].join('\n\n');
}

function renderMeasure(results: ComparisonResults, measure: Measure, style: TableStyle): string {
  const columns: Column[] = [
    { title: measureContracts[measure].plain(results.steps), align: 'left' },
    ...['Mean', '95 % interval', 'Median'].map(right),
    ...(measure === 'final' ? [right('log10 mean')] : []),
    ...['Difference', '95 % interval', 'Learned wins'].map(right),
    ...(measure === 'final' ? ['Steps saved', 'Saved (median)'].map(right) : []),
  ];
  const rows = rowsOf(results, measure).map((optimizer) => {
    const { mean, median, difference, winRate } = figuresOf(optimizer, measure);
    const saved = optimizer.versus?.stepsSaved;
    return [
      optimizer.label,
      formatLoss(mean.value),
      formatInterval(mean),
      formatLoss(median),
      ...(measure === 'final' ? [formatLog(optimizer.log10MeanFinal.value, mean.value)] : []),
      difference ? formatLoss(difference.value) : '',
      difference ? formatInterval(difference) : '',
      winRate === null ? '' : `${(100 * winRate).toFixed(1)} %`,
      ...(measure === 'final' ? [formatSaved(saved?.mean), formatSaved(saved?.median)] : []),
    ];
  });
  return [renderTable(columns, rows, style), ...measureNotes(results, measure).map(printable)].join('\n');
}

function renderComponent({ title, columns, rows }: ComponentTable, style: TableStyle): string {
  const cells = rows.map(({ label, cells }) => [label, ...cells.map(({ text }) => text)]);
  const [, ...others] = columns;
  return renderTable([{ title, align: 'left' }, ...others.map(right)], cells, style);
}

const right = (title: string): Column => ({ title, align: 'right' });

/** A dash if the baseline's final loss is never reached. */
function formatSaved(steps: number | null | undefined): string {
  return steps === undefined ? '' : (steps ?? '–').toString();
}
