import { type Axis, formatTick } from './axis.js';
import { formatCount } from './numbers.js';

/** A chart in SVG: lines with bands and marks between two axes. Only its caller knows what the lines mean. */
export interface Chart {
  x: Scale;
  y: Scale;
  /** Drawn in this order: the last is on top. */
  lines: ChartLine[];
}

export interface Scale {
  title: string;
  ticks: { value: number; label: string }[];
  /** 0 at the low end, 1 at the high end; null if the value has no position. */
  position(value: number): number | null;
}

export interface Point {
  x: number;
  y: number;
}

export interface ChartLine {
  /** CSS classes of the line's elements; style.ts gives `f0`, `f1`, … a colour. */
  className: string;
  dashes: string;
  points: readonly Point[];
  /** Between `low` and `high` at each x. */
  band: readonly { x: number; low: number; high: number }[];
  /** Drawn as dots. */
  marks: readonly Point[];
}

/** The plot's rectangle, in the SVG's units. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** From 0 to `high`, at most `most` intervals between round numbers. */
export function linearScale(high: number, title: string, most = 10): Scale {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, high / 10)));
  const every = [1, 2, 5, 10, 20, 50].map((m) => m * power).find((candidate) => high / candidate <= most) ?? high;
  const values = Array.from({ length: Math.floor(high / every) + 1 }, (_, i) => i * every);
  return {
    title,
    ticks: values.map((value) => ({ value, label: formatCount(value) })),
    position: (value) => (high === 0 ? 0 : value / high),
  };
}

/** @param most maximum number of ticks: if the axis has more, every second, third, … is shown */
export function scaleOf(axis: Axis, title: string, most = 10): Scale {
  const every = Math.ceil(axis.ticks.length / most);
  return {
    title: axis.note === '' ? title : `${title}, ${axis.note}`,
    ticks: axis.ticks.filter((_, i) => i % every === 0).map((value) => ({ value, label: formatTick(value) })),
    position: (value) => axis.position(value),
  };
}

/** SVG elements: the grid, the axes' numbers and titles, and the lines, clipped at the plot's edge. */
export function drawChart({ x, y, lines }: Chart, frame: Frame): string[] {
  const { left, top, width, height } = frame;
  const bottom = top + height;
  const horizontal = y.ticks.flatMap(({ value, label }) => {
    const at = fixed(bottom - (y.position(value) ?? 0) * height);
    return [
      `<path class="grid" d="M${left} ${at}h${width}"/>`,
      `<text x="${left - 8}" y="${at}" dy=".35em" text-anchor="end">${label}</text>`,
    ];
  });
  const vertical = x.ticks.flatMap(({ value, label }) => {
    const at = fixed(left + (x.position(value) ?? 0) * width);
    return [
      `<path class="grid" d="M${at} ${bottom}v5"/>`,
      `<text x="${at}" y="${bottom + 19}" text-anchor="middle">${label}</text>`,
    ];
  });
  const place = (point: Point) => placed(x, y, frame, point);
  return [
    ...horizontal,
    `<path class="grid" d="M${left} ${bottom}h${width}"/>`,
    ...vertical,
    `<text x="${left + width}" y="${bottom + 38}" text-anchor="end">${escapeXml(x.title)}</text>`,
    `<text x="${left}" y="${top - 12}">${escapeXml(y.title)}</text>`,
    // A nested svg clips its content, and needs no id for that.
    `<svg x="${left}" y="${top}" width="${width}" height="${height}">`,
    ...lines.map((line) => drawBand(line, place)),
    ...lines.map((line) => drawLine(line, place)),
    '</svg>',
  ];
}

export type Place = (point: Point) => Point | null;

/** A point within the plot's rectangle, from its left and upper corner: the nested svg has its own origin. */
export function placed(x: Scale, y: Scale, { width, height }: Omit<Frame, 'left' | 'top'>, point: Point): Point | null {
  const [across, up] = [x.position(point.x), y.position(point.y)];
  return across === null || up === null ? null : { x: across * width, y: (1 - up) * height };
}

function drawLine({ className, dashes, points, marks }: ChartLine, place: Place): string {
  const dashing = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  const dots = marks.flatMap((mark) => {
    const at = place(mark);
    return at === null ? [] : [`<circle class="mark" cx="${fixed(at.x)}" cy="${fixed(at.y)}" r="4.5"/>`];
  });
  return `<g class="${className}"><path class="line"${dashing} d="${linePath(points, place)}"/>${dots.join('')}</g>`;
}

function drawBand({ className, band }: ChartLine, place: Place): string {
  return `<g class="${className}"><path class="band" d="${bandPath(band, place)}"/></g>`;
}

/** The outline of a band: one polygon per stretch where both edges have a position. */
export function bandPath(band: ChartLine['band'], place: Place): string {
  const polygons: string[] = [];
  let [lower, upper]: string[][] = [[], []];
  const close = () => {
    if (lower!.length > 0) polygons.push(`M${[...lower!, ...upper!.reverse()].join('L')}Z`);
    [lower, upper] = [[], []];
  };
  for (const { x, low, high } of band) {
    const [below, above] = [place({ x, y: low }), place({ x, y: high })];
    if (below === null || above === null) {
      close();
      continue;
    }
    lower!.push(`${fixed(below.x)} ${fixed(below.y)}`);
    upper!.push(`${fixed(above.x)} ${fixed(above.y)}`);
  }
  close();
  return polygons.join('');
}

/** The path of a line, which breaks where a point has no position. */
export function linePath(points: readonly Point[], place: Place): string {
  const parts: string[] = [];
  let pen = 'M';
  for (const point of points) {
    const at = place(point);
    if (at !== null) parts.push(`${pen}${fixed(at.x)} ${fixed(at.y)}`);
    pen = at === null ? 'M' : 'L';
  }
  return parts.join('');
}

export function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
