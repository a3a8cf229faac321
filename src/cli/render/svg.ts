import type { ComparisonResults } from '../../contract/results.js';
import { type Chart, chartStyle, colourClass, drawChart, escapeXml, linearScale, logScale } from './chart.js';
import { formatCount, formatLoss } from './numbers.js';
import { logAxis, type Series, toSeries } from './series.js';

/** The comparison as a picture: mean curves, bands from the 25 % to the 75 % quantile, a logarithmic axis, a legend. */

const dashes = ['', '7 4', '2 4', '9 3 2 3'];

const plot = { left: 62, top: 96, width: 576, height: 320 };
const legend = { left: plot.left + plot.width + 26, line: 46 };
const size = { width: 940, height: 470 };

/** A self-contained SVG document, readable on light and on dark backgrounds. */
export function renderSvg(results: ComparisonResults): string {
  const series = toSeries(results);
  const { problem, functions, seed } = results;
  const height = Math.max(size.height, plot.top + series.length * legend.line + 20);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">Learned and hand-written optimizers on ${escapeXml(problem.name)}</title>`,
    `<desc id="description">${escapeXml(describeComparison(results))}</desc>`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${size.width}" height="${height}"/>`,
    `<text class="title" x="24" y="36">${escapeXml(titleOf(results))}</text>`,
    `<text x="24" y="58">mean f(θₜ) and the band from the 25 % to the 75 % quantile · ${formatCount(functions)} fresh functions · seed ${seed}</text>`,
    ...drawChart(comparisonChart(results), plot),
    ...series.flatMap((s, i) => legendEntry(s, results, i)),
    '</svg>',
    '',
  ].join('\n');
}

const style = [
  chartStyle(),
  'svg .title{font-size:18px;font-weight:600;fill:var(--ink)}svg .label{font-size:13px;fill:var(--ink)}',
  'svg .learned .label{font-weight:600}.paper{fill:#fff}',
  '@media(prefers-color-scheme:dark){.paper{fill:#0d1117}}',
].join('\n');

/**
 * The losses f(θ_t) by step. The learned optimizer is drawn last, on top.
 * @param most ticks of an axis
 */
export function comparisonChart(results: ComparisonResults, most = 10): Chart {
  const series = toSeries(results);
  // A yardstick far below would flatten all that is compared with it.
  const compared = series.filter((_, i) => results.optimizers[i]!.rule?.name !== 'conjugate-gradients');
  const axis = logAxis(compared, (s) => [...s.mean, ...s.low, ...s.high]);
  return {
    x: linearScale(results.steps, 'step t', most),
    y: logScale(axis, 'f(θₜ)', most),
    lines: series
      .map((s, i) => ({
        className: `${seriesClass(s)} s${i}`,
        dashes: dashesOf(s),
        points: s.mean.map((y, x) => ({ x, y })),
        band: s.low.map((low, x) => ({ x, low, high: s.high[x]! })),
        marks: [],
      }))
      .reverse(),
  };
}

/** What the picture shows, in a sentence. */
export function describeComparison({ optimizers, steps }: ComparisonResults): string {
  return `Mean sum of the losses of ${steps} steps: ${optimizers.map((o) => `${o.label} ${formatLoss(o.sum.value)}`).join(', ')}.`;
}

/** A piece of a series' line, `width` wide, around y = 0: for legends. */
export function swatch(series: Series, width: number): string {
  const dashing = dashesOf(series) === '' ? '' : ` stroke-dasharray="${dashesOf(series)}"`;
  return `<g class="${seriesClass(series)}"><path class="line"${dashing} d="M0 0h${width}"/></g>`;
}

function titleOf({ problem, steps }: ComparisonResults): string {
  const dimension = 'dimension' in problem ? `, ${problem.dimension} coordinates` : '';
  return `${problem.name}${dimension}: loss over ${steps} steps`;
}

function legendEntry(series: Series, results: ComparisonResults, index: number): string[] {
  const y = plot.top + 6 + index * legend.line;
  const { sum, versus } = results.optimizers[index]!;
  const wins = versus === null ? '' : ` · learned wins ${(100 * versus.winRate).toFixed(1)} %`;
  return [
    `<g class="${series.learned ? 'learned' : ''}" transform="translate(${legend.left} ${y})">${swatch(series, 34)}`,
    `<text class="label" x="44" dy=".35em">${escapeXml(series.label)}</text>`,
    `<text x="44" y="18" dy=".35em">sum ${formatLoss(sum.value)}${wins}</text></g>`,
  ];
}

function seriesClass({ family, learned }: Series): string {
  return `${colourClass(family)}${learned ? ' learned' : ''}`;
}

function dashesOf({ variant }: Series): string {
  return dashes[variant % dashes.length]!;
}
