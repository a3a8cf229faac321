import type { ComparisonResults, Estimate, OptimizerResult } from '../../../contract/results.js';
import { fromWire } from '../../../contract/schema.js';
import { escapeXml } from '../../render/chart.js';
import { formatFixed, formatLoss } from '../../render/numbers.js';
import { toSeries } from '../../render/series.js';
import { swatch } from '../../render/svg.js';
import { indexOfBest, sample } from './figures.js';
import type { Part } from './report.js';

/** Every comparison in a line: the learned optimizer beside the best hand-written one. */
export function summaryTable(parts: readonly Part[]): string {
  const rows = parts.flatMap(({ job, results }) => {
    const learned = results?.optimizers[0];
    const best = results?.optimizers[indexOfBest(results)];
    if (!results || !learned || !best?.versus) return [];
    const { sumDifference, winRate } = best.versus;
    return [
      [
        `<th scope="row"><a href="#${job.name}">${escapeXml(job.title)}</a></th>`,
        cell(...withInterval(learned.sum)),
        cell(formatLoss(best.sum.value), `${interval(best.sum)}<br>${escapeXml(best.label)}`),
        cell(`<b class="${verdict(sumDifference)}">${signed(sumDifference)}</b>`, interval(sumDifference)),
        cell(percent(winRate)),
        cell(formatFixed(learned.log10MeanFinal.value, 2)),
        cell(formatFixed(best.log10MeanFinal.value, 2)),
      ],
    ];
  });
  const columns = [
    'Comparison',
    'Learned, sum',
    'Best hand-written, sum',
    'Difference',
    'Learned wins',
    'log10 final',
    'its log10 final',
  ];
  return table('Summary', columns, rows);
}

/** One comparison, an optimizer a line, the learned one first. */
export function comparisonTable(results: ComparisonResults): string {
  const series = toSeries(results);
  const rows = results.optimizers.map((optimizer, i) => [
    `<th scope="row">${sample(swatch(series[i]!, 28))}${escapeXml(optimizer.label)}</th>`,
    cell(...withInterval(optimizer.sum)),
    cell(formatLoss(optimizer.sumMedian)),
    cell(...withInterval(optimizer.final)),
    cell(formatLoss(optimizer.finalMedian)),
    cell(
      formatFixed(optimizer.log10MeanFinal.value, 2),
      interval(optimizer.log10MeanFinal, (v) => formatFixed(v, 2)),
    ),
    ...versus(optimizer),
  ]);
  const { steps } = results;
  const columns = [
    'Optimizer',
    `Σ f(θₜ), t &lt; ${steps}`,
    'its median',
    `f(θ${subscript(steps)})`,
    'its median',
    'log10 of its mean',
    'Sum: learned minus this',
    'Learned wins',
  ];
  return table('The comparison', columns, rows, (i) => i === 0);
}

function versus({ versus }: OptimizerResult): string[] {
  if (!versus) return [cell(''), cell('')];
  const { sumDifference, winRate } = versus;
  return [
    cell(`<span class="${verdict(sumDifference)}">${signed(sumDifference)}</span>`, interval(sumDifference)),
    cell(percent(winRate)),
  ];
}

/** Whether the interval of a difference is clear of 0. */
function verdict({ low, high }: Estimate): string {
  if (fromWire(high) < 0) return 'better';
  return fromWire(low) > 0 ? 'worse' : 'open';
}

function withInterval(e: Estimate): [string, string] {
  return [formatLoss(e.value), interval(e)];
}

function interval({ low, high }: Estimate, format = formatLoss): string {
  return `${format(low)} … ${format(high)}`;
}

function signed({ value }: Estimate): string {
  return `${fromWire(value) > 0 ? '+' : ''}${formatLoss(value)}`.replace('-', '−');
}

function subscript(number: number): string {
  return String(number).replace(/\d/g, (digit) => String.fromCharCode(0x2080 + Number(digit)));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function cell(value: string, small = ''): string {
  return `<td>${value}${small === '' ? '' : `<small>${small}</small>`}</td>`;
}

function table(
  label: string,
  columns: readonly string[],
  rows: readonly string[][],
  isMarked: (row: number) => boolean = () => false,
): string {
  const head = columns.map((title) => `<th scope="col">${title}</th>`).join('');
  const body = rows.map((cells, i) => `<tr${isMarked(i) ? ' class="marked"' : ''}>${cells.join('')}</tr>`).join('\n');
  // A table that is wider than a phone is scrolled by itself, with the keyboard too.
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(label)}"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}
