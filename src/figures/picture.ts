import type { ComparisonResults, OptimizerResult } from '../contract/results.js';
import { drawChart, escapeXml } from './chart.js';
import { comparisonChart, describeComparison, everything, shownIn } from './comparison.js';
import { percent } from './measure-table.js';
import { formatCount, formatLoss } from './numbers.js';
import { figuresOf } from './rows.js';
import { type Series, toSeries } from './series.js';
import { swatch } from './strokes.js';
import { chartStyle } from './style.js';

/** The comparison as a picture: mean curves, bands from the 25 % to the 75 % quantile, a legend. */

const plot = { left: 62, top: 96, width: 576, height: 320 };
const legend = { left: plot.left + plot.width + 26, line: 46 };
const size = { width: 940, height: 470 };

/** A self-contained SVG document, readable on light and on dark backgrounds. */
export function renderSvg(results: ComparisonResults, view = everything): string {
  return `${comparisonPicture(results, 'comparison', `<style>${pictureStyle}</style>`, view)}\n`;
}

/**
 * The picture without its style: on a page that has {@link pictureStyle}, it needs no inline style.
 * @param prefix prefix of its ids, so that one page can have several pictures
 * @param style a style element to include
 */
export function comparisonPicture(results: ComparisonResults, prefix: string, style = '', view = everything): string {
  const all = toSeries(results);
  const series = shownIn(results, view).map((i) => ({ ...all[i]!, place: i }));
  const { problem, functions, seed } = results;
  // About 7.5 units per character.
  const longest = Math.max(0, ...series.map(({ label }) => label.length));
  const width = Math.max(size.width, Math.ceil(legend.left + 52 + 7.5 * longest));
  const height = Math.max(size.height, plot.top + series.length * legend.line + 20);
  const [title, description] = [`${prefix}-title`, `${prefix}-description`];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${title} ${description}">`,
    `<title id="${title}">Learned and hand-designed optimizers on ${escapeXml(problem.name)}</title>`,
    `<desc id="${description}">${escapeXml(describeComparison({ ...results, optimizers: series.map(({ place }) => results.optimizers[place]!) }))}</desc>`,
    ...(style === '' ? [] : [style]),
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="24" y="36">${escapeXml(titleOf(results))}</text>`,
    `<text x="24" y="58">mean f(θₜ)${view.bands === 'none' ? '' : ' and the band from the 25 % to the 75 % quantile'} · ${formatCount(functions)} fresh functions · seed ${seed}</text>`,
    ...drawChart(comparisonChart(results, 10, view), plot),
    ...series.flatMap((s, line) => legendEntry(s, results.optimizers[s.place]!, line)),
    '</svg>',
  ].join('\n');
}

/** The style of {@link comparisonPicture}. */
export const pictureStyle = [
  chartStyle(),
  'svg .title{font-size:18px;font-weight:600;fill:var(--ink)}svg .label{font-size:13px;fill:var(--ink)}',
  'svg .learned .label{font-weight:600}.paper{fill:#fff}',
  '@media(prefers-color-scheme:dark){.paper{fill:#0d1117}}',
].join('\n');

function titleOf({ problem, steps }: ComparisonResults): string {
  const dimension = 'dimension' in problem ? `, ${problem.dimension} coordinates` : '';
  return `${problem.name}${dimension}: loss over ${steps} steps`;
}

function legendEntry(series: Series, optimizer: OptimizerResult, line: number): string[] {
  const { mean, winRate } = figuresOf(optimizer, 'sum');
  const y = plot.top + 6 + line * legend.line;
  const wins = winRate === null ? '' : ` · learned wins ${percent(winRate)}`;
  return [
    `<g class="${series.learned ? 'learned' : ''}" transform="translate(${legend.left} ${y})">${swatch(series, 34)}`,
    `<text class="label" x="44" dy=".35em">${escapeXml(series.label)}</text>`,
    `<text x="44" y="18" dy=".35em">sum ${formatLoss(mean.value)}${wins}</text></g>`,
  ];
}
