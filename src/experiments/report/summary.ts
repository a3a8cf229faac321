import { tunedMeasures } from '../../contract/comparison.js';
import { escapeXml } from '../../figures/chart.js';
import { differenceCell, estimateCell, percent, titleOf } from '../../figures/measure-table.js';
import { formatInterval, formatLoss } from '../../figures/numbers.js';
import { bestBaseline, figuresOf, rowsOf } from '../../figures/rows.js';
import { cell, cellHtml, table } from '../../figures/tables.js';
import type { Finding } from './findings.js';

/** One row per comparison and tuned measure: the learned optimizer against the best other. */
export function summaryTable(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ job, results }) => {
    const { comparison } = job.spec;
    if (!results || !comparison) return [];
    return tunedMeasures(comparison.tuning).flatMap((measure, i) => {
      const learned = results.optimizers[0]!;
      const best = bestBaseline(rowsOf(results, measure), measure);
      const ours = figuresOf(learned, measure);
      const theirs = best && figuresOf(best, measure);
      return [
        [
          `<th scope="row">${i === 0 ? `<a href="#${job.name}">${escapeXml(job.title)}</a>` : ''}</th>`,
          `<td class="left">${titleOf(measure, results.steps)}</td>`,
          cellHtml(estimateCell(ours.mean)),
          theirs
            ? cell(formatLoss(theirs.mean.value), `${formatInterval(theirs.mean)}<br>${escapeXml(best.label)}`)
            : cell('none', 'no rule does better than standing still'),
          cellHtml(differenceCell(theirs?.difference ?? null)),
          cell(percent(theirs?.winRate ?? null)),
        ],
      ];
    });
  });
  const columns = ['Comparison', 'Measure', 'Learned', 'Best hand-designed', 'Learned minus best', 'Learned wins'];
  return table('Summary', columns, rows);
}
