import { tunedMeasures } from '../../contract/comparison.js';
import { escapeXml } from '../../figures/chart.js';
import { formatLoss } from '../../figures/numbers.js';
import { bestBaseline, figuresOf, rowsOf } from '../../figures/rows.js';
import { cell, difference, interval, percent, table, titleOf, withInterval } from '../../figures/tables.js';
import type { Finding } from './findings.js';

/** Every comparison, and each measure that rates were tuned for, in a line: the learned optimizer beside the best other. */
export function summaryTable(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ job, results }) => {
    const { comparison } = job.spec;
    if (!results || !comparison) return [];
    return tunedMeasures(comparison.tuning).flatMap((measure, i) => {
      const learned = results.optimizers[0]!;
      const best = bestBaseline(rowsOf(results, measure), measure);
      if (!best) return [];
      const [ours, theirs] = [figuresOf(learned, measure), figuresOf(best, measure)];
      return [
        [
          `<th scope="row">${i === 0 ? `<a href="#${job.name}">${escapeXml(job.title)}</a>` : ''}</th>`,
          `<td class="left">${titleOf(measure, results.steps)}</td>`,
          cell(...withInterval(ours.mean)),
          cell(formatLoss(theirs.mean.value), `${interval(theirs.mean)}<br>${escapeXml(best.label)}`),
          difference(theirs.difference),
          cell(percent(theirs.winRate)),
        ],
      ];
    });
  });
  const columns = ['Comparison', 'Measure', 'Learned', 'Best hand-written', 'Learned minus best', 'Learned wins'];
  return table('Summary', columns, rows);
}
