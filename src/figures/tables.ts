import type { Measure } from '../contract/measures.js';
import type { ComparisonResults } from '../contract/results.js';
import { escapeXml } from './chart.js';
import { type ComponentTable, componentTables } from './components.js';
import { sample } from './figure.js';
import { type Cell, measuresShown, measureTable } from './measure-table.js';
import { measureNotes } from './notes.js';
import { toSeries } from './series.js';
import { swatch } from './strokes.js';

/**
 * A comparison's tables: the sum and the final loss, and the tail if rates were tuned for it; then each component of a
 * mixture.
 */
export function comparisonTables(results: ComparisonResults, tuned: readonly Measure[]): string {
  return [
    ...measuresShown(tuned).map((measure) => measureHtml(results, measure)),
    ...componentTables(results).map(componentHtml),
  ].join('\n');
}

function componentHtml({ title, columns, rows }: ComponentTable): string {
  const cells = rows.map(({ label, cells }) => [`<th scope="row">${escapeXml(label)}</th>`, ...cells.map(cellHtml)]);
  const [, ...others] = columns;
  return table(title, [escapeXml(title), ...others], cells, (row) => row === 0);
}

/** One measure, one row per optimizer, the learned one first. */
function measureHtml(results: ComparisonResults, measure: Measure): string {
  const { columns, rows } = measureTable(results, measure);
  const series = toSeries({ ...results, optimizers: rows.map(({ optimizer }) => optimizer) });
  const cells = rows.map(({ optimizer, cells }, i) => [
    `<th scope="row">${sample(swatch(series[i]!, 28))}${escapeXml(optimizer.label)}</th>`,
    ...cells.map(cellHtml),
  ]);
  const notes = measureNotes(results, measure).map((note) => `<p class="note">${escapeXml(note)}</p>`);
  return [table(`The comparison by ${measure}`, columns, cells, (row) => row === 0), ...notes].join('\n');
}

export function cellHtml({ text, interval, verdict }: Cell): string {
  return cell(verdict === undefined ? text : `<span class="${verdict}">${text}</span>`, interval);
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
