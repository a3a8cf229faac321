import type { ComparisonResults } from '../../contract/results.js';
import { formatCount, formatLoss } from './numbers.js';
import { formatTick, type LogAxis, logAxis, position, type Series, toSeries } from './series.js';

/** The comparison as a picture: mean curves, bands from the 25 % to the 75 % quantile, a logarithmic axis, a legend. */

/** Of Okabe and Ito's palette for all kinds of colour vision (2008), light and dark background. */
const palette = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#ff8f40'],
  ['#008a65', '#2fd0a1'],
  ['#a8558a', '#e29cc8'],
  ['#8a6a00', '#f0c64a'],
  ['#555555', '#bbbbbb'],
  ['#7a4fc0', '#b9a0f0'],
] as const;
const dashes = ['', '7 4', '2 4', '9 3 2 3'];

const plot = { left: 78, top: 74, width: 560, height: 340 };
const legend = { left: plot.left + plot.width + 26, line: 46 };
const size = { width: 940, height: 470 };

/** A self-contained SVG document, readable on light and on dark backgrounds. */
export function renderSvg(results: ComparisonResults): string {
  const series = toSeries(results);
  const axis = logAxis(series, (s) => [...s.mean, ...s.low, ...s.high]);
  const { problem, steps, functions, seed } = results;
  const height = Math.max(size.height, plot.top + series.length * legend.line + 20);
  // The learned optimizer is drawn last, on top.
  const backToFront = [...series].reverse();
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">Learned and hand-written optimizers on ${escapeXml(problem.name)}</title>`,
    `<desc id="description">${escapeXml(describe(results))}</desc>`,
    `<style>${style(series)}</style>`,
    `<rect class="paper" width="${size.width}" height="${height}"/>`,
    `<text class="title" x="${plot.left}" y="34">${escapeXml(titleOf(results))}</text>`,
    `<text class="note" x="${plot.left}" y="54">mean f(θₜ) and the band from the 25 % to the 75 % quantile · ${formatCount(functions)} fresh functions · seed ${seed}</text>`,
    ...axes(axis, steps),
    `<clipPath id="plot"><rect x="${plot.left}" y="${plot.top}" width="${plot.width}" height="${plot.height}"/></clipPath>`,
    '<g clip-path="url(#plot)">',
    ...backToFront.map((s) => `<path class="band f${s.family}" d="${band(s, axis, steps)}"/>`),
    ...backToFront.map((s) => `<path ${lineStyle(s)} d="${line(s.mean, axis, steps)}"/>`),
    '</g>',
    ...series.flatMap((s, i) => legendEntry(s, results, i)),
    '</svg>',
    '',
  ].join('\n');
}

function titleOf({ problem, steps }: ComparisonResults): string {
  const dimension = 'dimension' in problem ? `, ${problem.dimension} coordinates` : '';
  return `${problem.name}${dimension}: loss over ${steps} steps`;
}

function describe({ optimizers, steps }: ComparisonResults): string {
  return `Mean sum of the losses of ${steps} steps: ${optimizers.map((o) => `${o.label} ${formatLoss(o.sum.value)}`).join(', ')}.`;
}

function style(series: readonly Series[]): string {
  const families = [...new Set(series.map((s) => s.family))];
  const colours = (theme: 0 | 1) =>
    families
      .map((f) => {
        const colour = palette[f % palette.length]![theme];
        return `.line.f${f}{stroke:${colour}}.band.f${f}{fill:${colour}}`;
      })
      .join('');
  return [
    'text{font-family:system-ui,"Segoe UI",Helvetica,Arial,sans-serif;font-size:13px;fill:#1f2328}',
    '.title{font-size:18px;font-weight:600}.note,.tick,.value{fill:#59636e}.tick,.value,.note{font-size:12px}',
    '.learned-label{font-weight:600}.paper{fill:#fff}.grid{fill:none;stroke:#d1d9e0;stroke-width:1}',
    '.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.learned{stroke-width:3.2}.band{opacity:.13}',
    colours(0),
    '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note,.tick,.value{fill:#9da7b3}.paper{fill:#0d1117}.grid{stroke:#30363d}.band{opacity:.2}',
    colours(1),
    '}',
  ].join('');
}

function axes(axis: LogAxis, steps: number): string[] {
  const bottom = plot.top + plot.height;
  const every = Math.ceil(axis.ticks.length / 10);
  const horizontal = axis.ticks
    .filter((_, i) => i % every === 0)
    .flatMap((loss) => {
      const y = fixed(yOf(axis, loss) ?? bottom);
      return [
        `<path class="grid" d="M${plot.left} ${y}h${plot.width}"/>`,
        `<text class="tick" x="${plot.left - 8}" y="${y}" dy=".35em" text-anchor="end">${formatTick(loss)}</text>`,
      ];
    });
  const vertical = stepTicks(steps).map(
    (t) =>
      `<text class="tick" x="${fixed(xOf(t, steps))}" y="${bottom + 20}" text-anchor="middle">${formatCount(t)}</text>`,
  );
  return [
    ...horizontal,
    `<path class="grid" d="M${plot.left} ${plot.top}v${plot.height}h${plot.width}"/>`,
    ...vertical,
    `<text class="note" x="${plot.left + plot.width / 2}" y="${bottom + 42}" text-anchor="middle">step t</text>`,
    `<text class="note" transform="translate(22 ${plot.top + plot.height / 2}) rotate(-90)" text-anchor="middle">f(θₜ), logarithmic</text>`,
  ];
}

/** At most eleven round numbers from 0 on. */
function stepTicks(steps: number): number[] {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, steps / 10)));
  const every = [1, 2, 5, 10].map((m) => m * power).find((candidate) => steps / candidate <= 10) ?? steps;
  return Array.from({ length: Math.floor(steps / every) + 1 }, (_, i) => i * every);
}

function legendEntry(series: Series, results: ComparisonResults, index: number): string[] {
  const y = plot.top + 12 + index * legend.line;
  const { sum, versus } = results.optimizers[index]!;
  const wins = versus === null ? '' : ` · learned wins ${(100 * versus.winRate).toFixed(1)} %`;
  return [
    `<path ${lineStyle(series)} d="M${legend.left} ${y}h34"/>`,
    `<text class="${series.learned ? 'learned-label' : 'label'}" x="${legend.left + 44}" y="${y}" dy=".35em">${escapeXml(series.label)}</text>`,
    `<text class="value" x="${legend.left + 44}" y="${y + 18}" dy=".35em">sum ${formatLoss(sum.value)}${wins}</text>`,
  ];
}

function lineStyle({ family, variant, learned }: Series): string {
  const dash = dashes[variant % dashes.length];
  return `class="line f${family}${learned ? ' learned' : ''}"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
}

function line(values: readonly number[], axis: LogAxis, steps: number): string {
  const points: string[] = [];
  let pen = 'M';
  values.forEach((loss, t) => {
    const y = yOf(axis, loss);
    if (y !== null) points.push(`${pen}${fixed(xOf(t, steps))} ${fixed(y)}`);
    pen = y === null ? 'M' : 'L';
  });
  return points.join('');
}

function band({ low, high }: Series, axis: LogAxis, steps: number): string {
  const edge = (values: readonly number[]) =>
    values.flatMap((loss, t) => {
      const y = yOf(axis, loss);
      return y === null ? [] : [`${fixed(xOf(t, steps))} ${fixed(y)}`];
    });
  const outline = [...edge(low), ...edge(high).reverse()];
  return outline.length === 0 ? '' : `M${outline.join('L')}Z`;
}

function xOf(t: number, steps: number): number {
  return plot.left + (t / steps) * plot.width;
}

function yOf(axis: LogAxis, loss: number): number | null {
  const at = position(axis, loss);
  return at === null ? null : plot.top + (1 - at) * plot.height;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
