import type { Line } from './measure.js';
import { type PeerName, peerNames, peers } from './peers.js';

/** The growth curves as SVG: one panel by coordinates, one by steps, both axes logarithmic. */

/** From Okabe and Ito's palette for all kinds of colour vision (2008), for light and dark backgrounds. */
const colours: Record<PeerName, readonly [light: string, dark: string]> = {
  us: ['#0072b2', '#56b4e9'],
  bf16: ['#5b6770', '#b4bec6'],
  tfjs: ['#008a65', '#2fd0a1'],
  jax: ['#d55e00', '#ff8f40'],
  published: ['#b3261e', '#ff8a80'],
  torch: ['#a8558a', '#e29cc8'],
  'torch-compile': ['#8a6a00', '#f0c64a'],
};
const panel = { width: 380, height: 320, top: 64, left: 76, gap: 90 };
const size = { width: 1110, height: 450 };

interface Panel {
  title: string;
  axis: string;
  left: number;
  x: (line: Line) => number;
  lines: readonly Line[];
}

/** A self-contained SVG document. */
export function renderGrowth(byCoordinates: readonly Line[], bySteps: readonly Line[]): string {
  const panels: Panel[] = [
    { title: 'by coordinates, T = 20', axis: 'coordinates', x: (l: Line) => l.coordinates, lines: byCoordinates },
    { title: 'by steps, 10,000 coordinates', axis: 'T', x: (l: Line) => l.steps, lines: bySteps },
  ].map((p, i) => ({ ...p, left: panel.left + i * (panel.width + panel.gap) }));
  const shown = peerNames.filter((peer) => [...byCoordinates, ...bySteps].some((l) => l.peer === peer && drawn(l)));
  const legend = panel.left + 2 * panel.width + panel.gap + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" aria-labelledby="title">`,
    '<title id="title">How the time of a meta-step grows</title>',
    `<style>${style()}</style>`,
    `<rect class="paper" width="${size.width}" height="${size.height}"/>`,
    `<text class="title" x="${panel.left}" y="30">Time of a meta-step on the parabola, ms</text>`,
    ...panels.flatMap((p) => renderPanel(p, shown)),
    ...shown.flatMap((peer, i) => [
      `<path class="line ${peer}" d="M${legend} ${panel.top + 14 + 26 * i}h24"/>`,
      `<text x="${legend + 32}" y="${panel.top + 14 + 26 * i}" dy=".35em">${peers[peer].title}</text>`,
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function renderPanel({ title, axis, left, x, lines }: Panel, shown: readonly PeerName[]): string[] {
  const points = lines.filter(drawn);
  if (points.length === 0) return [];
  const horizontal = logScale(points.map(x), left, panel.width);
  const vertical = logScale(
    points.map((l) => l.median),
    panel.top + panel.height,
    -panel.height,
  );
  const bottom = panel.top + panel.height;
  return [
    `<text class="note" x="${left}" y="${panel.top - 14}">${title}</text>`,
    ...vertical.ticks.flatMap((tick) => [
      `<path class="grid" d="M${left} ${fixed(vertical.at(tick))}h${panel.width}"/>`,
      `<text class="tick" x="${left - 8}" y="${fixed(vertical.at(tick))}" dy=".35em" text-anchor="end">${tickText(tick)}</text>`,
    ]),
    ...horizontal.ticks.map(
      (tick) =>
        `<text class="tick" x="${fixed(horizontal.at(tick))}" y="${bottom + 20}" text-anchor="middle">${tickText(tick)}</text>`,
    ),
    `<path class="grid" d="M${left} ${panel.top}v${panel.height}h${panel.width}"/>`,
    `<text class="note" x="${left + panel.width / 2}" y="${bottom + 42}" text-anchor="middle">${axis}</text>`,
    ...shown.flatMap((peer) => {
      const own = points.filter((l) => l.peer === peer).sort((a, b) => x(a) - x(b));
      if (own.length === 0) return [];
      const places = own.map((l) => [fixed(horizontal.at(x(l))), fixed(vertical.at(l.median))] as const);
      return [
        `<path class="line ${peer}" d="M${places.map((p) => p.join(' ')).join('L')}"/>`,
        ...places.map(([cx, cy]) => `<circle class="${peer}" cx="${cx}" cy="${cy}" r="3.2"/>`),
      ];
    }),
  ];
}

function drawn({ failure, median }: Line): boolean {
  return failure === null && median > 0;
}

/** The place of a value between `from` and `from + length`, and the round values to mark. */
function logScale(values: readonly number[], from: number, length: number) {
  const exponents = values.map(Math.log10);
  const low = Math.min(...exponents) - 0.08;
  const high = Math.max(...exponents) + 0.08;
  const powers = Array.from({ length: Math.floor(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const within = (mantissas: number[]) =>
    powers
      .flatMap((power) => mantissas.map((m) => Number(`${m}e${power}`)))
      .filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const decades = within([1]);
  const ticks = decades.length >= 3 ? decades : within([1, 2, 5]);
  return { ticks, at: (value: number) => from + (length * (Math.log10(value) - low)) / (high - low) };
}

function tickText(value: number): string {
  return value >= 1e4 || value < 1e-2 ? value.toExponential().replace('e+', 'e') : String(Number(value.toPrecision(3)));
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}

function style(): string {
  const strokes = (theme: 0 | 1) =>
    peerNames.map((p) => `.line.${p}{stroke:${colours[p][theme]}}circle.${p}{fill:${colours[p][theme]}}`).join('');
  return [
    'text{font-family:system-ui,"Segoe UI",Helvetica,Arial,sans-serif;font-size:13px;fill:#1f2328}',
    '.title{font-size:18px;font-weight:600}.note,.tick{fill:#59636e;font-size:12px}.paper{fill:#fff}',
    '.grid{fill:none;stroke:#d1d9e0}.line{fill:none;stroke-width:2}.line.us{stroke-width:3.2}',
    strokes(0),
    '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.note,.tick{fill:#9da7b3}.paper{fill:#0d1117}.grid{stroke:#30363d}',
    strokes(1),
    '}',
  ].join('');
}
