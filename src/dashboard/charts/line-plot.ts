import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatTick } from '../../figures/axis.js';
import { formatCount } from '../../figures/numbers.js';
import { drawBest, drawEdgeMarks, drawEndLabels, drawMilestones, type Milestone } from './annotations.js';
import { dashPattern } from './palette.js';
import { type Column, hasBand, type Plot, type PlottedCurve } from './plot.js';
import { dark, pageColour, type Tokens, tokensOf } from './theme.js';
import { thinned } from './y-scale.js';

export interface PlotContent {
  readonly plot: Plot;
  readonly milestones: readonly Milestone[];
  /** Whether curves are named at their right ends. */
  readonly endLabels: boolean;
}

interface Handlers {
  /** A stretch of x was selected. */
  onSelect(from: number, to: number): void;
  /** The pointer is at x, or has left: null. */
  onPoint(x: number | null): void;
}

/** Measurements that have a dot each; more would be a thick line. */
const mostDots = 120;

/** Letters of a label at the end of a line. */
const labelLength = 18;

/** A chart on a canvas. It draws at most once per frame, and again when the page turns light or dark, or wide. */
export class LinePlot {
  private uplot: uPlot | null = null;
  private content: PlotContent | null = null;
  /** What the uPlot was made for; another set of columns needs another. */
  private made = '';
  private frame = 0;
  private tokens: Tokens;
  private readonly observer: ResizeObserver;
  private readonly unsubscribe: () => void;

  constructor(
    private readonly host: HTMLElement,
    private readonly handlers: Handlers,
  ) {
    // The keyboard zooms.
    host.tabIndex = 0;
    this.tokens = tokensOf(host);
    this.observer = new ResizeObserver(() => this.schedule());
    this.observer.observe(host);
    this.unsubscribe = dark.subscribe(() => this.schedule());
  }

  show(content: PlotContent): void {
    this.content = content;
    this.schedule();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.unsubscribe();
    this.uplot?.destroy();
  }

  /** The canvas with the page's background, for a download. */
  async toPng(): Promise<Blob | null> {
    if (!this.uplot) return null;
    const { canvas } = this.uplot.ctx;
    const copy = document.createElement('canvas');
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    const context = copy.getContext('2d')!;
    context.fillStyle = this.tokens.paper;
    context.fillRect(0, 0, copy.width, copy.height);
    context.drawImage(canvas, 0, 0);
    return new Promise((resolve) => copy.toBlob(resolve));
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const { content, host } = this;
    const [width, height] = [host.clientWidth, host.clientHeight];
    if (!content || width === 0) return;
    this.tokens = tokensOf(host);
    const columns = columnsOf(content.plot);
    const { x } = content.plot;
    const data = [x, ...columns.map(({ column }) => column)] as unknown as uPlot.AlignedData;
    const made = [content.endLabels, ...columns.map(({ key }) => key)].join();
    if (!this.uplot || made !== this.made) {
      this.uplot?.destroy();
      this.made = made;
      this.uplot = new uPlot(this.options(columns, width, height), data, host);
      return;
    }
    if (this.uplot.width !== width || this.uplot.height !== height) this.uplot.setSize({ width, height });
    this.uplot.setData(data);
  }

  private options(columns: PlotColumn[], width: number, height: number): uPlot.Options {
    const content = () => this.content!;
    const faint = () => this.tokens.faint;
    const grid = () => this.tokens.grid;
    const { font } = this.tokens;
    const right = content().endLabels && width > 560 ? 132 : 20;
    const upper = columns.findIndex(({ layer }) => layer === 'high');
    return {
      width,
      height,
      legend: { show: false },
      padding: [18, right, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { time: false, range: () => [content().plot.view.from, content().plot.view.to] },
        y: { range: () => [content().plot.range.low, content().plot.range.high] },
      },
      axes: [
        {
          stroke: faint,
          font,
          size: 28,
          gap: 4,
          space: 72,
          incrs: increments,
          grid: { show: false },
          ticks: { stroke: grid, width: 1, size: 5 },
          border: { show: true, stroke: grid, width: 1 },
          values: (_, splits) => splits.map(formatCount),
        },
        {
          stroke: faint,
          font,
          size: 56,
          gap: 6,
          grid: { stroke: grid, width: 1 },
          ticks: { show: false },
          splits: (u, _, low, high) => {
            const { scale } = content().plot;
            const most = Math.max(2, Math.floor(u.bbox.height / devicePixelRatio / 32));
            return thinned(scale.ticks(low, high), most).map((tick) => scale.place(tick)!);
          },
          values: (_, splits) =>
            splits.map((place) => formatTick(Number(content().plot.scale.valueAt(place).toPrecision(10)))),
        },
      ],
      series: [{}, ...columns.map((column) => this.series(column))],
      bands: columns.flatMap(({ layer, curve }, i) =>
        layer === 'high' && upper >= 0
          ? [
              {
                series: [i + 1, i + 2] as [number, number],
                fill: () => faded(pageColour(curve.curve.stroke.colour), dark.value ? 0.2 : 0.14),
              },
            ]
          : [],
      ),
      hooks: {
        setCursor: [
          (u) => {
            const { left = -1 } = u.cursor;
            this.handlers.onPoint(left < 0 ? null : u.posToVal(left, 'x'));
          },
        ],
        setSelect: [
          (u) => {
            const { left, width: selected } = u.select;
            if (selected < 4) return;
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.handlers.onSelect(u.posToVal(left, 'x'), u.posToVal(left + selected, 'x'));
          },
        ],
        draw: [(u) => this.annotate(u, right > 20)],
      },
    };
  }

  private series({ curve, layer }: PlotColumn): uPlot.Series {
    const { stroke, marked } = curve.curve;
    const line = () => pageColour(stroke.colour);
    const hidden: uPlot.Series = { width: 0, points: { show: false } };
    if (layer === 'low' || layer === 'high') return hidden;
    if (layer === 'raw') return { stroke: line, width: 1, alpha: 0.35, points: { show: false } };
    const points: uPlot.Series.Points = marked
      ? { show: (u, number) => own(u, number).length <= mostDots, size: 5, fill: line, stroke: line }
      : { show: false, size: 4, fill: line, stroke: line, filter: (u, number) => isolated(own(u, number)) };
    return { stroke: line, width: marked ? 1.25 : 1.75, dash: dashPattern(stroke.dash), points };
  }

  private annotate(u: uPlot, hasRoom: boolean): void {
    const { content, tokens } = this;
    if (!content) return;
    drawMilestones(u, content.milestones, tokens);
    drawEdgeMarks(u, content.plot);
    drawBest(u, content.plot, tokens);
    if (content.endLabels && hasRoom) drawEndLabels(u, content.plot, tokens, labelLength);
  }
}

interface PlotColumn {
  key: string;
  layer: 'high' | 'low' | 'raw' | 'line';
  curve: PlottedCurve;
  column: Column;
}

/** The columns in the order in which they are drawn: bands, then raw lines, then lines. */
function columnsOf({ curves, view }: Plot): PlotColumn[] {
  const of = (curve: PlottedCurve, layer: PlotColumn['layer'], column: Column): PlotColumn => {
    const { id, stroke } = curve.curve;
    return { key: `${layer} ${id} ${stroke.colour} ${stroke.dash}`, layer, curve, column };
  };
  const banded = curves.filter(({ curve }) => hasBand(curve, view));
  return [
    ...banded.flatMap((curve) => [of(curve, 'high', curve.high), of(curve, 'low', curve.low)]),
    ...curves.flatMap((curve) => (curve.raw ? [of(curve, 'raw', curve.raw)] : [])),
    ...curves.map((curve) => of(curve, 'line', curve.line)),
  ];
}

/** A place of a column that is the curve's own, with its index. */
type Own = readonly [index: number, place: number | null];

/** The places that a drawn column has of its own: the joint x has others. */
function own(u: uPlot, number: number): Own[] {
  const column = u.data[number] as Column;
  return column.flatMap((place, i): Own[] => (place === undefined ? [] : [[i, place]]));
}

/** The indices of places between two gaps, which a line does not show. */
function isolated(places: readonly Own[]): number[] {
  const isGap = (i: number) => places[i] === undefined || places[i][1] === null;
  return places.flatMap(([index, place], i) => (place !== null && isGap(i - 1) && isGap(i + 1) ? [index] : []));
}

/** A colour of six hexadecimal digits, at an opacity. */
function faded(colour: string, opacity: number): string {
  return `${colour}${Math.round(255 * opacity)
    .toString(16)
    .padStart(2, '0')}`;
}

/** 1, 2 and 5 times powers of ten: an axis of meta-iterations has no halves. */
const increments = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((m) => m * 10 ** i)).flat();
