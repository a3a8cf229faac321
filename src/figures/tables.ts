import { type Measure, tailSteps } from '../contract/comparison.js';
import type { ComparisonResults, Estimate } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';
import { escapeXml } from './chart.js';
import { sample } from './figure.js';
import { measureNotes } from './notes.js';
import { formatFixed, formatInterval, formatLog, formatLoss } from './numbers.js';
import { figuresOf, rowsOf, verdictOf } from './rows.js';
import { toSeries } from './series.js';
import { swatch } from './strokes.js';

/** A comparison's tables: the sum and the final loss, and the tail if rates were tuned for it. */
export function comparisonTables(results: ComparisonResults, tuned: readonly Measure[]): string {
  const shown: Measure[] = tuned.includes('tail') ? ['sum', 'tail', 'final'] : ['sum', 'final'];
  return shown.map((measure) => measureTable(results, measure)).join('\n');
}

/** One measure, one row per optimizer, the learned one first. */
function measureTable(all: ComparisonResults, measure: Measure): string {
  const results = { ...all, optimizers: rowsOf(all, measure) };
  const series = toSeries(results);
  const isFinal = measure === 'final';
  const rows = results.optimizers.map((optimizer, i) => {
    const figures = figuresOf(optimizer, measure);
    const { log10MeanFinal, versus } = optimizer;
    const isBelow0 = fromWire(figures.mean.value) < 0;
    return [
      `<th scope="row">${sample(swatch(series[i]!, 28))}${escapeXml(optimizer.label)}</th>`,
      cell(...withInterval(figures.mean)),
      cell(formatLoss(figures.median)),
      ...(isFinal
        ? [
            cell(
              formatLog(log10MeanFinal.value, figures.mean.value),
              isBelow0 ? '' : formatInterval(log10MeanFinal, (v) => formatFixed(v, 2)),
            ),
          ]
        : []),
      difference(figures.difference),
      cell(percent(figures.winRate)),
      ...(isFinal ? [cell(versus ? saved(versus.stepsSaved.mean) : '')] : []),
    ];
  });
  const columns = [
    titleOf(measure, all.steps),
    'Mean',
    'Median',
    ...(isFinal ? ['log10 of the mean'] : []),
    'Learned minus this',
    'Learned wins',
    ...(isFinal ? ['Steps saved'] : []),
  ];
  const notes = measureNotes(all, measure).map((note) => `<p class="note">${escapeXml(note)}</p>`);
  return [table(`The comparison by ${measure}`, columns, rows, (row) => row === 0), ...notes].join('\n');
}

/** For example "Σ f(θₜ), t < 100". */
export function titleOf(measure: Measure, steps: number): string {
  if (measure === 'sum') return `Sum: Σ f(θₜ), t = 0 … ${steps - 1}`;
  if (measure === 'final') return `Final loss: f(θ${subscript(steps)})`;
  return `Tail: mean of f(θₜ), t = ${steps - tailSteps(steps) + 1} … ${steps}`;
}

/** Steps by which the learned optimizer reaches another's final loss sooner; a dash if it never does. */
function saved(steps: number | null): string {
  return steps === null ? '–' : String(steps);
}

export function difference(estimate: Estimate | null): string {
  if (!estimate) return cell('');
  const verdict = verdictOf(estimate);
  // In colour only if the interval is clear of 0.
  const className = verdict === 'not finite' ? 'open' : verdict;
  return cell(`<span class="${className}">${signed(estimate)}</span>`, formatInterval(estimate));
}

export function withInterval(e: Estimate): [string, string] {
  return [formatLoss(e.value), formatInterval(e)];
}

function signed({ value }: Estimate): string {
  return `${fromWire(value) > 0 ? '+' : ''}${formatLoss(value)}`.replace('-', '−');
}

function subscript(number: number): string {
  return String(number).replace(/\d/g, (digit) => String.fromCharCode(0x2080 + Number(digit)));
}

export function percent(share: number | null): string {
  return share === null ? '' : `${(100 * share).toFixed(1)} %`;
}

export function cell(value: string, small = ''): string {
  return `<td>${value}${small === '' ? '' : `<small>${small}</small>`}</td>`;
}

export function table(
  label: string,
  columns: readonly string[],
  rows: readonly string[][],
  isMarked: (row: number) => boolean = () => false,
): string {
  const head = columns.map((title) => `<th scope="col">${title}</th>`).join('');
  const body = rows.map((cells, i) => `<tr${isMarked(i) ? ' class="marked"' : ''}>${cells.join('')}</tr>`).join('\n');
  // A table that is wider than the screen scrolls by itself, with the keyboard too.
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(label)}"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
