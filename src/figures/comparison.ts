import type { ComparisonResults } from '../contract/results.js';
import type { AxisKind } from './axis.js';
import { type Chart, linearScale, scaleOf } from './chart.js';
import { figure, legend, sizes } from './figure.js';
import { formatLoss } from './numbers.js';
import { bestBaseline, figuresOf, isLearned, roleOf, rowsOf } from './rows.js';
import { axisOfSeries, toSeries } from './series.js';
import { dashesOf, seriesClass } from './strokes.js';

/**
 * f(θ_t) by step, per optimizer: means, and the quartiles of the learned and the best hand-designed one.
 * @param bands "all": those of the others too, where one points at them; they are two thirds of a figure's size
 */
export function comparisonFigure(all: ComparisonResults, bands: 'all' | 'best' = 'all'): string {
  const results = { ...all, optimizers: rowsOf(all, 'sum') };
  const series = toSeries(results);
  const best = bestBaseline(results.optimizers, 'sum');
  const charts = sizes.map(({ most }) => {
    const chart = comparisonChart(results, most, { ...everything, bands });
    // The lines are drawn back to front.
    const optimizerOf = (line: number) => results.optimizers[series.length - 1 - line]!;
    chart.lines.forEach((line, i) => {
      if (isLearned(optimizerOf(i)) || optimizerOf(i) === best) line.className += ' spread';
    });
    return chart;
  });
  const caption = `f(θₜ) by step: the mean over functions, and the band from the 25 % to the 75 % quantile${bands === 'all' ? ' (for the others, point at a name)' : ''}.`;
  return figure(charts, describeComparison(results), legend(series), caption);
}

/** What of a comparison is drawn, and how. */
export interface ComparisonView {
  readonly axis: AxisKind;
  /** "best": only of the learned optimizer and of the best hand-designed one. */
  readonly bands: 'all' | 'best' | 'none';
  /** Places of the optimizers that are left out. */
  readonly hidden: readonly number[];
}

export const everything: ComparisonView = { axis: 'log', bands: 'all', hidden: [] };

/** The places of the optimizers that a view shows, in their order. */
export function shownIn({ optimizers }: ComparisonResults, { hidden }: ComparisonView): number[] {
  return optimizers.flatMap((_, i) => (hidden.includes(i) ? [] : [i]));
}

/**
 * The losses f(θ_t) by step, one line for each optimizer shown. The learned optimizer is drawn last, on top.
 * @param most ticks of an axis
 */
export function comparisonChart(results: ComparisonResults, most = 10, view = everything): Chart {
  const series = toSeries(results);
  const { optimizers, steps } = results;
  const shown = shownIn(results, view);
  const best = bestBaseline(optimizers, 'sum');
  const hasBand = (i: number) =>
    view.bands === 'all' || (view.bands === 'best' && (isLearned(optimizers[i]!) || optimizers[i] === best));
  const valuesOf = (i: number) => [...series[i]!.mean, ...(hasBand(i) ? [...series[i]!.low, ...series[i]!.high] : [])];
  // A yardstick far below would flatten all others.
  const compared = shown.filter((i) => roleOf(optimizers[i]!) !== 'yardstick');
  const measured = (compared.length > 0 ? compared : shown).map((i) => ({ ...series[i]!, values: valuesOf(i) }));
  const axis = axisOfSeries(measured, ({ values }) => values, view.axis);
  return {
    x: linearScale(steps, 'step t', most),
    y: scaleOf(axis, 'f(θₜ)', most),
    lines: shown
      .map((i) => {
        const s = series[i]!;
        return {
          className: `${seriesClass(s)} s${i}`,
          dashes: dashesOf(s),
          points: s.mean.map((y, i) => ({ x: s.steps[i]!, y })),
          band: hasBand(i) ? s.low.map((low, i) => ({ x: s.steps[i]!, low, high: s.high[i]! })) : [],
          marks: [],
        };
      })
      .reverse(),
  };
}

/** What the figure shows, in a sentence. */
export function describeComparison({ optimizers, steps }: ComparisonResults): string {
  return `Mean sum of the losses of ${steps} steps: ${optimizers.map((o) => `${o.label} ${formatLoss(figuresOf(o, 'sum').mean.value)}`).join(', ')}.`;
}
