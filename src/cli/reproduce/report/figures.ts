import type { Measure } from '../../../contract/comparison.js';
import type { ComparisonResults } from '../../../contract/results.js';
import { fromWire } from '../../../contract/schema.js';
import type { TrainingSpec } from '../../../contract/training.js';
import { validationHorizon } from '../../../core/metatrain/curriculum.js';
import { type Chart, colourClass, drawChart, escapeXml, fixed, linearScale, logScale } from '../../render/chart.js';
import { formatCount } from '../../render/numbers.js';
import { isDrawable, type LogAxis, logAxisBetween, type Series, toSeries } from '../../render/series.js';
import { comparisonChart, describeComparison, swatch } from '../../render/svg.js';
import { bestBaseline, rowsOf } from '../../render/table.js';
import type { TrainingCurve } from './training-curve.js';

/** Every figure is drawn twice, for a wide and for a narrow page: text would not stay readable were it only scaled. */
const sizes = [
  { className: 'wide', width: 860, height: 400, plot: { left: 58, top: 34, width: 778, height: 312 }, most: 10 },
  { className: 'narrow', width: 360, height: 300, plot: { left: 46, top: 30, width: 294, height: 218 }, most: 5 },
] as const;

/** f(θ_t) by step, of each optimizer: means, and for the learned and the best hand-written one the quartiles. */
export function comparisonFigure(all: ComparisonResults): string {
  const results = { ...all, optimizers: rowsOf(all, 'sum') };
  const series = toSeries(results);
  const best = bestBaseline(results.optimizers, 'sum');
  const charts = sizes.map(({ most }) => {
    const chart = comparisonChart(results, most);
    // The lines are drawn back to front.
    const optimizerOf = (line: number) => results.optimizers[series.length - 1 - line]!;
    chart.lines.forEach((line, i) => {
      if (optimizerOf(i).rule === null || optimizerOf(i) === best) line.className += ' spread';
    });
    return chart;
  });
  const caption = `f(θₜ) by step: the mean over functions, and the band from the 25 % to the 75 % quantile (of the others, where the pointer rests on a name).`;
  return figure(charts, describeComparison(results), legend(series), caption);
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
  const horizon = validationHorizon(spec);
  const measured = {
    sum: `mean over ${horizon} steps`,
    tail: `mean over the last tenth of ${horizon} steps`,
    final: `loss after ${horizon} steps`,
  }[spec.validation.measure];
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
export function tuningFigure(all: ComparisonResults, measure: Measure): string {
  const results = { ...all, optimizers: rowsOf(all, measure) };
  const series = toSeries(results);
  const tuned = results.optimizers.flatMap(({ rule, tuning }, i) => {
    if (!tuning || !rule || !('learningRate' in rule)) return [];
    const own = tuning.grid.filter(({ parameters }) =>
      Object.entries(parameters).every(([name, value]) => (rule as Record<string, unknown>)[name] === value),
    );
    const points = own.map(({ learningRate, scores }) => ({ x: learningRate, y: fromWire(scores[measure]) }));
    const best = points.find(({ x }) => x === rule.learningRate);
    return best && isDrawable(best.y) ? [{ series: series[i]!, points, best }] : [];
  });
  if (tuned.length === 0) return '';
  const scores = tuned.flatMap(({ points }) => points.map(({ y }) => y)).filter(isDrawable);
  const worstBest = Math.max(...tuned.map(({ best }) => best.y));
  const y = logAxisBetween(Math.min(...scores), Math.min(Math.max(...scores), 20 * worstBest));
  const x = axisOf(tuned.flatMap(({ points }) => points.map((point) => point.x)));
  const charts = sizes.map(
    ({ most }): Chart => ({
      x: logScale(x, 'learning rate', most),
      y: logScale(y, `${measureNames[measure]}, mean over tuning functions`, most),
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
    `Every rate that was tried, on ${formatCount(functions)} functions of their own; the dot is the one that was taken. A line ends where a rate diverged on any function.`,
  );
}

export const measureNames: Record<Measure, string> = { sum: 'sum', tail: 'tail', final: 'final loss' };

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
