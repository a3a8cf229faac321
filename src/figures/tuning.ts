import { type Measure, measureNames } from '../contract/comparison.js';
import { type ComparisonResults, keepsUsualRate } from '../contract/results.js';
import { fromWire } from '../contract/schema.js';
import { axisOf } from './axis.js';
import { type Chart, scaleOf } from './chart.js';
import { figure, legend, sizes } from './figure.js';
import { formatCount } from './numbers.js';
import { rowsOf } from './rows.js';
import { toSeries } from './series.js';
import { colourClass } from './style.js';

/** The outcome of each learning rate on the tuning functions. Empty if no rate was tuned. */
export function tuningFigure(all: ComparisonResults, measure: Measure): string {
  const results = { ...all, optimizers: rowsOf(all, measure) };
  const series = toSeries(results);
  const tuned = results.optimizers.flatMap(({ rule, tuning }, i) => {
    if (!tuning || keepsUsualRate(tuning) || !rule || !('learningRate' in rule)) return [];
    const own = tuning.grid.filter(({ parameters }) =>
      Object.entries(parameters).every(([name, value]) => (rule as Record<string, unknown>)[name] === value),
    );
    const points = own.map(({ learningRate, scores }) => ({ x: learningRate, y: fromWire(scores[measure]) }));
    const best = points.find(({ x }) => x === rule.learningRate);
    return best && Number.isFinite(best.y) ? [{ series: series[i]!, points, best }] : [];
  });
  if (tuned.length === 0) return '';
  const worstBest = Math.max(...tuned.map(({ best }) => best.y));
  const y = axisOf(
    tuned.flatMap(({ points }) => points.map((point) => point.y)),
    worstBest,
  );
  const x = axisOf(tuned.flatMap(({ points }) => points.map((point) => point.x)));
  const charts = sizes.map(
    ({ most }): Chart => ({
      x: scaleOf(x, 'learning rate', most),
      y: scaleOf(y, `${measureNames[measure]}, mean over tuning functions`, most),
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
    `Every rate tried, on ${formatCount(functions)} separate functions; the dot marks the chosen rate. A line ends where a rate diverged on any function.`,
  );
}
