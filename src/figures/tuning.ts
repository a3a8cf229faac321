import { type Measure, nameOfMeasure } from '../contract/measures.js';
import { type ComparisonResults, keepsUsualRate } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';
import { axisOf } from './axis.js';
import { type Chart, drawChart, escapeXml, type Point, scaleOf } from './chart.js';
import { figure, legend, sizes } from './figure.js';
import { formatCount } from './numbers.js';
import { pictureStyle } from './picture.js';
import { rateOf, rowsOf } from './rows.js';
import { type Series, toSeries } from './series.js';
import { swatch } from './strokes.js';
import { colourClass } from './style.js';

/** The rates tried for the optimizers that were tuned for a measure. */
export interface Tuned {
  readonly series: Series;
  /** The score of each learning rate, with the other parameters as chosen. */
  readonly points: readonly Point[];
  readonly best: Point;
}

/** Without those that kept their usual rate. */
export function tunedFor(all: ComparisonResults, measure: Measure): Tuned[] {
  const results = { ...all, optimizers: rowsOf(all, measure) };
  const series = toSeries(results);
  return results.optimizers.flatMap((optimizer, i) => {
    const { rule, tuning } = optimizer;
    if (!tuning || keepsUsualRate(tuning) || !tuning.measures.includes(measure)) return [];
    const own = tuning.grid.filter(({ parameters }) =>
      Object.entries(parameters).every(([name, value]) => (rule as Record<string, unknown> | null)?.[name] === value),
    );
    const points = own.map(({ learningRate, scores }) => ({ x: learningRate, y: fromWire(scores[measure]) }));
    const best = points.find(({ x }) => x === rateOf(optimizer));
    return best && Number.isFinite(best.y) ? [{ series: series[i]!, points, best }] : [];
  });
}

/** @param most ticks of an axis */
export function tuningChart(tuned: readonly Tuned[], measure: Measure, most: number): Chart {
  const worstBest = Math.max(...tuned.map(({ best }) => best.y));
  const y = axisOf(
    tuned.flatMap(({ points }) => points.map((point) => point.y)),
    worstBest,
  );
  const x = axisOf(tuned.flatMap(({ points }) => points.map((point) => point.x)));
  return {
    x: scaleOf(x, 'learning rate', most),
    y: scaleOf(y, `${nameOfMeasure(measure)}, mean over tuning functions`, most),
    lines: tuned.map(({ series, points, best }, i) => ({
      className: `${colourClass(series.family)} s${i}`,
      dashes: '',
      points,
      band: [],
      marks: [best],
    })),
  };
}

/** The outcome of each learning rate on the tuning functions. Empty if no rate was tuned. */
export function tuningFigure(results: ComparisonResults, measure: Measure): string {
  const tuned = tunedFor(results, measure);
  if (tuned.length === 0) return '';
  return figure(
    sizes.map(({ most }) => tuningChart(tuned, measure, most)),
    'The tuning of the learning rates.',
    legend(tuned.map(({ series }) => series)),
    tuningCaption(results),
  );
}

export function tuningCaption({ optimizers }: ComparisonResults): string {
  const { functions = 0 } = optimizers.find(({ tuning }) => tuning)?.tuning ?? {};
  return `Every rate tried, on ${formatCount(functions)} separate functions; the dot marks the chosen rate. A line ends where a rate diverged on any function.`;
}

/** The rates tried, as a self-contained SVG document; empty if no rate was tuned. */
export function renderTuningSvg(results: ComparisonResults, measure: Measure): string {
  const tuned = tunedFor(results, measure);
  if (tuned.length === 0) return '';
  const { className, width, height, plot, most } = sizes[0];
  const below = height + 10;
  const entries = tuned.map(
    ({ series }, i) =>
      `<g transform="translate(${plot.left + (i % 3) * 260} ${below + 22 * Math.floor(i / 3)})">${swatch(series, 28)}<text x="36" dy=".35em">${escapeXml(series.label)}</text></g>`,
  );
  const whole = below + 22 * Math.ceil(tuned.length / 3);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="${className}" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" role="img" aria-label="The tuning of the learning rates">`,
    `<style>${pictureStyle}</style>`,
    `<rect class="paper" width="${width}" height="${whole}"/>`,
    ...drawChart(tuningChart(tuned, measure, most), plot),
    ...entries,
    '</svg>\n',
  ].join('\n');
}
