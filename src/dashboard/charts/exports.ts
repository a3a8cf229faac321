import { toWire } from '../../contract/schema.js';
import { formatTick } from '../../figures/axis.js';
import { type ChartLine, drawChart, escapeXml } from '../../figures/chart.js';
import { formatCount, formatLoss } from '../../figures/numbers.js';
import { dashes } from '../../figures/strokes.js';
import { chartStyle, colourClass } from '../../figures/style.js';
import type { Curve } from './curve.js';
import { type Column, hasBand, type Plot, type PlottedCurve } from './plot.js';
import { iterationsOf } from './words.js';
import { thinned } from './y-scale.js';

/** Charts as files. */

/** The columns of a curve's numbers, in full precision. */
const numbers = ['iteration', 'points', 'finite', 'mean', 'min', 'max', 'last'] as const;

/** Every bucket of the curves. With several curves, the first column names them. */
export function toCsv(curves: readonly Curve[]): string {
  const named = curves.length > 1;
  const lines = curves.flatMap((curve) =>
    curve.x.map((x, i) =>
      [
        ...(named ? [quoted(curve.label)] : []),
        x - (curve.width - 1) / 2,
        curve.count[i],
        curve.finite[i],
        curve.mean[i],
        curve.low[i],
        curve.high[i],
        curve.last[i],
      ].join(','),
    ),
  );
  return [[...(named ? ['curve'] : []), ...numbers].join(','), ...lines, ''].join('\n');
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of a table of one curve, rounded for reading. */
export function tableRow(curve: Curve, i: number): string[] {
  const { count, finite, mean, low, high, last } = curve;
  const missing = count[i]! - finite[i]!;
  return [
    iterationsOf(curve, i),
    missing > 0 ? `${formatCount(count[i]!)} (${formatCount(missing)} not finite)` : formatCount(count[i]!),
    ...[mean, low, high, last].map((values) => formatLoss(toWire(values[i]!))),
  ];
}

const size = { width: 940, height: 430 };
const frame = { left: 70, top: 64, width: 840, height: 310 };

/** The chart as a self-contained SVG document, readable on light and on dark backgrounds. */
export function toSvg(plot: Plot, title: string, xTitle: string): string {
  const { view, range, scale, curves, marks } = plot;
  const ticks = thinned(scale.ticks(range.low, range.high), 8);
  const x = {
    title: xTitle,
    ticks: roundNumbers(view.from, view.to).map((value) => ({ value, label: formatCount(value) })),
    position: (value: number) => (value - view.from) / (view.to - view.from),
  };
  const y = {
    title: `${scale.kind} axis`,
    ticks: ticks.map((tick) => ({ value: scale.place(tick)!, label: formatTick(tick) })),
    position: (place: number) => (Number.isNaN(place) ? null : (place - range.low) / (range.high - range.low)),
  };
  const edges = marks.map(({ curve, x: at, edge }) => {
    const left = frame.left + x.position(at) * frame.width;
    const [tip, base] = edge === 'top' ? [frame.top, 8] : [frame.top + frame.height, -8];
    return `<g class="${colourClass(curves[curve]!.curve.stroke.colour)}"><path class="mark" d="M${left} ${tip}l-4 ${base}h8Z"/></g>`;
  });
  const legend = curves.map(({ curve }, i) => {
    const dash = dashes[curve.stroke.dash % dashes.length]!;
    const dashing = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
    return `<g class="${colourClass(curve.stroke.colour)}" transform="translate(${frame.left + (i % 4) * 210} ${size.height + 6 + 20 * Math.floor(i / 4)})"><path class="line"${dashing} d="M0 0h24"/><text x="32" dy=".35em">${escapeXml(curve.label)}</text></g>`;
  });
  const height = size.height + 20 * Math.ceil(curves.length / 4);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" width="${size.width}" height="${height}" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${chartStyle()}\n.paper{fill:#fff}.raw{opacity:.35}@media(prefers-color-scheme:dark){.paper{fill:#0d1117}}</style>`,
    `<rect class="paper" width="${size.width}" height="${height}"/>`,
    `<text x="24" y="30">${escapeXml(title)}</text>`,
    ...drawChart({ x, y, lines: curves.flatMap((curve) => linesOf(plot, curve)) }, frame),
    ...edges,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}

function linesOf({ x, view, scale }: Plot, { curve, line, raw, low, high }: PlottedCurve): ChartLine[] {
  const className = colourClass(curve.stroke.colour);
  const points = (column: Column) =>
    column.flatMap((place, i) => (place === undefined ? [] : [{ x: x[i]!, y: place ?? Number.NaN }]));
  const upper = points(high);
  const band = hasBand(curve, view)
    ? points(low).map((lower, i) => ({ x: lower.x, low: lower.y, high: upper[i]!.y }))
    : [];
  const best = curve.best < 0 ? null : scale.place(curve.mean[curve.best]!);
  return [
    ...(raw ? [{ className: `${className} raw`, dashes: '', points: points(raw), band: [], marks: [] }] : []),
    {
      className,
      dashes: dashes[curve.stroke.dash % dashes.length]!,
      points: points(line),
      band,
      marks: best === null ? [] : [{ x: curve.x[curve.best]!, y: best }],
    },
  ];
}

/** At most ten round numbers of an axis. */
function roundNumbers(from: number, to: number): number[] {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, (to - from) / 10)));
  const every = [1, 2, 5, 10].map((m) => m * power).find((step) => (to - from) / step <= 10)!;
  const first = Math.ceil(from / every);
  return Array.from({ length: Math.floor(to / every) - first + 1 }, (_, i) => (first + i) * every);
}
