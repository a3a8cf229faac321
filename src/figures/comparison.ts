import type { ComparisonResults } from '../contract/results.js';
import { type Chart, linearScale, scaleOf } from './chart.js';
import { figure, legend, sizes } from './figure.js';
import { formatLoss } from './numbers.js';
import { bestBaseline, rowsOf } from './rows.js';
import { axisOfSeries, toSeries } from './series.js';
import { dashesOf, seriesClass } from './strokes.js';

/** f(θ_t) by step, per optimizer: means, and the quartiles of the learned and the best hand-designed one. */
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
  const caption = `f(θₜ) by step: the mean over functions, and the band from the 25 % to the 75 % quantile (for the others, point at a name).`;
  return figure(charts, describeComparison(results), legend(series), caption);
}

/**
 * The losses f(θ_t) by step. The learned optimizer is drawn last, on top.
 * @param most ticks of an axis
 */
export function comparisonChart(results: ComparisonResults, most = 10): Chart {
  const series = toSeries(results);
  // A yardstick far below would flatten all others.
  const compared = series.filter((_, i) => results.optimizers[i]!.rule?.name !== 'conjugate-gradients');
  const axis = axisOfSeries(compared, (s) => [...s.mean, ...s.low, ...s.high]);
  return {
    x: linearScale(results.steps, 'step t', most),
    y: scaleOf(axis, 'f(θₜ)', most),
    lines: series
      .map((s, i) => ({
        className: `${seriesClass(s)} s${i}`,
        dashes: dashesOf(s),
        points: s.mean.map((y, x) => ({ x, y })),
        band: s.low.map((low, x) => ({ x, low, high: s.high[x]! })),
        marks: [],
      }))
      .reverse(),
  };
}

/** What the figure shows, in a sentence. */
export function describeComparison({ optimizers, steps }: ComparisonResults): string {
  return `Mean sum of the losses of ${steps} steps: ${optimizers.map((o) => `${o.label} ${formatLoss(o.sum.value)}`).join(', ')}.`;
}
