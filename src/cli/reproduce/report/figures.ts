import type { ComparisonResults } from '../../../contract/results.js';
import { fromWire } from '../../../contract/schema.js';
import type { TrainingSpec } from '../../../contract/training.js';
import { type Chart, colourClass, drawChart, escapeXml, fixed, linearScale, logScale } from '../../render/chart.js';
import { isDrawable, type LogAxis, logAxisBetween, type Series, toSeries } from '../../render/series.js';
import { comparisonChart, describeComparison, swatch } from '../../render/svg.js';
import type { TrainingCurve } from './training-curve.js';

/** Every figure is drawn twice, for a wide and for a narrow page: text would not stay readable were it only scaled. */
const sizes = [
  { className: 'wide', width: 860, height: 400, plot: { left: 58, top: 34, width: 778, height: 312 }, most: 10 },
  { className: 'narrow', width: 360, height: 300, plot: { left: 46, top: 30, width: 294, height: 218 }, most: 5 },
] as const;

/** f(θ_t) by step, of each optimizer: means, and for the learned and the best hand-written one the quartiles. */
export function comparisonFigure(results: ComparisonResults): string {
  const series = toSeries(results);
  const best = indexOfBest(results);
  const charts = sizes.map(({ most }) => {
    const chart = comparisonChart(results, most);
    // The lines are drawn back to front.
    const index = (line: number) => series.length - 1 - line;
    chart.lines.forEach((line, i) => {
      line.className += index(i) === 0 || index(i) === best ? ' spread' : '';
    });
    return chart;
  });
  const caption = `f(θₜ) by step: the mean over functions, and the band from the 25 % to the 75 % quantile (of the others, where the pointer rests on a name).`;
  return figure(charts, describeComparison(results), legend(series), caption);
}

/** The hand-written optimizer with the least mean sum; -1 where there is none. */
export function indexOfBest({ optimizers }: ComparisonResults): number {
  let best = -1;
  optimizers.forEach(({ rule, sum }, i) => {
    if (rule === null) return;
    if (best < 0 || fromWire(sum.value) < fromWire(optimizers[best]!.sum.value)) best = i;
  });
  return best;
}

/** Validation and training by meta-iteration. */
export function trainingFigure({ validation, training }: TrainingCurve, spec: TrainingSpec): string {
  const kept = validation.filter(({ best }) => best).at(-1);
  const losses = [
    ...validation.map(({ loss }) => loss),
    ...training.flatMap(({ low, median, high }) => [low, median, high]),
  ];
  // What untrained weights do would flatten all that comes after: it leaves the picture.
  const last = training.at(-1)?.median ?? Number.POSITIVE_INFINITY;
  const axis = axisOf(losses.filter((loss) => loss < 10 * last));
  const charts = sizes.map(
    ({ most }): Chart => ({
      x: linearScale(spec.iterations, 'meta-iteration', most),
      y: logScale(axis, 'mean f(θₜ) of a step', most),
      lines: [
        {
          className: `${colourClass(5)} spread`,
          dashes: '',
          points: training.map(({ iteration, median }) => ({ x: iteration, y: median })),
          band: training.map(({ iteration, low, high }) => ({ x: iteration, low, high })),
          marks: [],
        },
        {
          className: `${colourClass(0)} learned`,
          dashes: '',
          points: validation.map(({ iteration, loss }) => ({ x: iteration, y: loss })),
          band: [],
          marks: kept ? [{ x: kept.iteration, y: kept.loss }] : [],
        },
      ],
    }),
  );
  const measured =
    spec.validation.measure === 'sum' ? `mean over ${spec.horizon} steps` : `loss after ${spec.horizon} steps`;
  const names = [
    { name: `validation: ${measured}; the dot: the weights that were kept`, className: `${colourClass(0)} learned` },
    { name: 'training: median of the functions drawn, and from 10 % to 90 %', className: colourClass(5) },
  ];
  const items = names.map(({ name, className }) =>
    item(name, `<g class="${className}"><path class="line" d="M0 0h28"/></g>`),
  );
  return figure(
    charts,
    'Validation and training loss by meta-iteration.',
    `<ul class="legend">${items.join('')}</ul>`,
    '',
  );
}

/** What each learning rate that was tried came to on the tuning functions. Empty where no rate was tuned. */
export function tuningFigure(results: ComparisonResults): string {
  const all = toSeries(results);
  const tuned = results.optimizers.flatMap(({ tuning }, i) => {
    if (!tuning) return [];
    const points = tuning.grid.map(({ learningRate, score }) => ({ x: learningRate, y: fromWire(score) }));
    const [best] = points.filter(({ y }) => isDrawable(y)).sort((a, b) => a.y - b.y);
    return best ? [{ series: all[i]!, points, best, measure: tuning.measure }] : [];
  });
  if (tuned.length === 0) return '';
  const scores = tuned.flatMap(({ points }) => points.map(({ y }) => y)).filter(isDrawable);
  const worstBest = Math.max(...tuned.map(({ best }) => best.y));
  const y = logAxisBetween(Math.min(...scores), Math.min(Math.max(...scores), 20 * worstBest));
  const x = axisOf(tuned.flatMap(({ points }) => points.map((point) => point.x)));
  const charts = sizes.map(
    ({ most }): Chart => ({
      x: logScale(x, 'learning rate', most),
      y: logScale(y, `tuning functions: mean ${[...new Set(tuned.map(({ measure }) => measure))].join(', ')}`, most),
      lines: tuned.map(({ series, points, best }, i) => ({
        className: `${colourClass(series.family)} s${i}`,
        dashes: '',
        points,
        band: [],
        marks: [best],
      })),
    }),
  );
  const { functions } = results.optimizers.find(({ tuning }) => tuning)!.tuning!;
  return figure(
    charts,
    'The tuning of the learning rates.',
    legend(tuned.map(({ series }) => series)),
    `Every rate that was tried, on ${functions.toLocaleString('en-GB')} functions of their own; the dot is the one that was taken. A line ends where a rate diverged on any function.`,
  );
}

function axisOf(values: readonly number[]): LogAxis {
  const drawable = values.filter(isDrawable);
  if (drawable.length === 0) return { low: -1, high: 1, ticks: [0.1, 1, 10] };
  return logAxisBetween(
    drawable.reduce((a, b) => Math.min(a, b)),
    drawable.reduce((a, b) => Math.max(a, b)),
  );
}

function figure(charts: readonly Chart[], description: string, legendList: string, caption: string): string {
  const pictures = sizes.map(
    ({ className, width, height, plot }, i) =>
      `<svg class="${className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(description)}">${drawChart(charts[i]!, plot).join('')}</svg>`,
  );
  const note = caption === '' ? '' : `<figcaption>${escapeXml(caption)}</figcaption>`;
  return `<figure>${legendList}${pictures.join('\n')}${note}</figure>`;
}

function legend(series: readonly Series[]): string {
  return `<ul class="legend">${series.map((s, i) => item(s.label, swatch(s, 28), `k${i}`)).join('')}</ul>`;
}

function item(label: string, drawing: string, className = ''): string {
  return `<li class="${className}">${sample(drawing)}${escapeXml(label)}</li>`;
}

/** A line as it is drawn in the figures, for legends and tables. */
export function sample(drawing: string): string {
  const [width, height] = [28, 10];
  return `<svg class="sample" viewBox="0 ${fixed(-height / 2)} ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${drawing}</svg>`;
}
