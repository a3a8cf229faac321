import type { ComparisonResults } from '../../contract/results.js';
import { type Axis, formatTick } from '../../figures/axis.js';
import { axisOfSeries, placeAt, type Series, toSeries } from '../../figures/series.js';
import { type Colour, type Paint, plain } from './colours.js';

const familyColours: Colour[] = ['blue', 'yellow', 'green', 'magenta', 'cyan', 'red'];

/** A drawing in braille characters: two by four dots per character. */
class Canvas {
  private readonly dots: Uint8Array;
  private readonly owners: (Colour | null)[];

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {
    this.dots = new Uint8Array(columns * rows);
    this.owners = new Array(columns * rows).fill(null);
  }

  /** x in [0, 2 columns), y in [0, 4 rows), y downwards. The last dot sets the character's colour. */
  dot(x: number, y: number, colour: Colour): void {
    // Unicode numbers the dots 1-2-3 down the left side, 4-5-6 down the right one, then 7 and 8 below.
    const bit = y % 4 === 3 ? 6 + (x % 2) : (y % 4) + 3 * (x % 2);
    const cell = Math.floor(y / 4) * this.columns + Math.floor(x / 2);
    this.dots[cell]! |= 1 << bit;
    this.owners[cell] = colour;
  }

  row(r: number, paint: Paint): string {
    let text = '';
    for (let c = 0; c < this.columns; ) {
      const owner = this.owners[r * this.columns + c]!;
      let run = '';
      for (; c < this.columns && this.owners[r * this.columns + c] === owner; c++)
        run += owner ? String.fromCharCode(0x2800 + this.dots[r * this.columns + c]!) : ' ';
      text += owner ? paint(owner, run) : run;
    }
    return text;
  }
}

export interface CurveSize {
  /** Width in characters, axis and labels included. */
  width?: number;
  rows?: number;
}

/** The mean loss of every optimizer over the steps, each curve labelled at its end. */
export function renderCurve(results: ComparisonResults, paint: Paint = plain, size: CurveSize = {}): string {
  const { width = 96, rows = 14 } = size;
  const series = toSeries(results);
  const axis = axisOfSeries(series);
  const labels = placeLabels(series, axis, rows);
  const ticks = new Map(tickRows(axis, rows));
  const tickWidth = [...ticks.values()].reduce((w, tick) => Math.max(w, tick.length), 7);
  const labelWidth = series.reduce((w, { label }) => Math.max(w, label.length), 0);
  const columns = Math.max(20, width - labelWidth - tickWidth - 5);
  const canvas = new Canvas(columns, rows);
  // The learned optimizer is drawn last, on top.
  for (const s of [...series].reverse()) drawLine(canvas, s, axis, results.steps);
  const lines = Array.from({ length: rows }, (_, r) => {
    const tick = ticks.get(r);
    const edge = `${(tick ?? '').padStart(tickWidth)} ${tick === undefined ? '│' : '┤'}`;
    const s = labels[r];
    return `${paint('dim', edge)}${canvas.row(r, paint)} ${s ? paint(colourOf(s), s.label) : ''}`.trimEnd();
  });
  const end = String(results.steps);
  const middle = 'step';
  const gap = columns - 1 - end.length - middle.length;
  const foot = `${' '.repeat(tickWidth + 2)}0${' '.repeat(Math.floor(gap / 2))}${middle}${' '.repeat(Math.ceil(gap / 2))}${end}`;
  const base = `${' '.repeat(tickWidth + 1)}└${'─'.repeat(columns)}`;
  const title = axis.note === '' ? 'mean f(θ_t)' : `mean f(θ_t), ${axis.note}`;
  return [title, ...lines, paint('dim', base), paint('dim', foot)].join('\n');
}

function colourOf({ family }: Series): Colour {
  return familyColours[family % familyColours.length]!;
}

function drawLine(canvas: Canvas, series: Series, axis: Axis, steps: number): void {
  const [width, height] = [2 * canvas.columns - 1, 4 * canvas.rows - 1];
  for (let x = 0; x <= width; x++) {
    const t = (x / width) * steps;
    const place = placeAt(series, t);
    const next = series.steps[place] === t ? place : place + 1;
    const [before, after] = [place, next].map((i) => axis.position(series.mean[i] ?? Number.NaN));
    if (before == null || after == null) continue;
    const share = (t - series.steps[place]!) / (series.steps[next]! - series.steps[place]! || 1);
    // Variants of a rule other than the tuned one are dotted.
    if (series.variant > 0 && x % 4 > 1) continue;
    const y = Math.round((1 - (before + (after - before) * share)) * height);
    if (y < 0 || y > height) continue;
    canvas.dot(x, y, colourOf(series));
    if (series.learned && y < height) canvas.dot(x, y + 1, colourOf(series));
  }
}

/** Puts each label on the free row nearest to its curve's end. */
function placeLabels(series: readonly Series[], axis: Axis, rows: number): (Series | undefined)[] {
  const ends = series
    .map((s) => ({ s, at: s.mean.map((loss) => axis.position(loss)).findLast((p) => p !== null) ?? 0 }))
    .sort((a, b) => b.at - a.at);
  const wanted = ends.map(({ at }) => Math.round((1 - Math.min(1, Math.max(0, at))) * (rows - 1)));
  // Labels are pushed apart from the bottom up, then from the top down.
  for (let i = wanted.length - 1, limit = rows - 1; i >= 0; i--, limit--) {
    wanted[i] = Math.min(wanted[i]!, limit);
    limit = wanted[i]!;
  }
  const placed: (Series | undefined)[] = new Array(rows).fill(undefined);
  for (let i = 0, limit = 0; i < wanted.length && limit < rows; i++, limit++) {
    limit = Math.max(wanted[i]!, limit);
    placed[limit] = ends[i]!.s;
  }
  return placed;
}

function tickRows(axis: Axis, rows: number): [number, string][] {
  const every = Math.ceil(axis.ticks.length / (rows / 2));
  return axis.ticks
    .filter((_, i) => i % every === 0)
    .map((loss) => [Math.round((1 - (axis.position(loss) ?? 0)) * (rows - 1)), formatTick(loss)]);
}
