import { measures } from '../contract/measures.js';
import { type ComparisonResults, type Estimate, keepsUsualRate, type MeasureResult } from '../contract/results.js';
import { figuresOf, rateOf } from './rows.js';

/** Comparisons as tables for other programs. */

/** A comparison, by its name in a file of several. */
export interface NamedResults {
  readonly name: string;
  readonly results: ComparisonResults;
}

/** f(θ_t) by step: one row per comparison, optimizer and step. */
export function curvesCsv(comparisons: readonly NamedResults[]): string {
  const rows = comparisons.flatMap(({ name, results }) =>
    results.optimizers.flatMap(({ label, curve }) =>
      curve.mean.map((mean, i) => [
        name,
        label,
        curve.steps?.[i] ?? i,
        mean,
        ...curve.quantiles.map(({ values }) => values[i]!),
      ]),
    ),
  );
  const quantiles = comparisons[0]?.results.optimizers[0]?.curve.quantiles ?? [];
  return csv(
    ['comparison', 'optimizer', 'step', 'mean', ...quantiles.map(({ probability }) => `q${probability}`)],
    rows,
  );
}

/** The tables: one row per comparison and optimizer, and for a mixture one more per component. */
export function tableCsv(comparisons: readonly NamedResults[]): string {
  const rows = comparisons.flatMap(({ name, results }) =>
    results.optimizers.flatMap((optimizer, i) => {
      const { label, tuning, log10MeanFinal, versus } = optimizer;
      const row = (
        functions: number,
        figures: readonly MeasureResult[],
        log: Estimate | null,
        saved: readonly (number | string)[],
        component: number | string,
      ) => [
        name,
        label,
        rateOf(optimizer) ?? '',
        tuning && !keepsUsualRate(tuning) ? tuning.measures.join(' ') : '',
        functions,
        results.steps,
        ...figures.flatMap(({ mean, median }) => [...triple(mean), median]),
        ...triple(log),
        ...figures.flatMap(({ winRate, difference }) => [winRate ?? '', ...triple(difference)]),
        ...saved,
        component,
      ];
      const figures = measures.map((measure) => figuresOf(optimizer, measure));
      const saved = [versus?.stepsSaved.mean ?? '', versus?.stepsSaved.median ?? ''];
      const components = (results.components ?? []).map(({ component, functions, optimizers }) => {
        const own = measures.map((measure) => optimizers[i]!.measures[measure]);
        return row(functions, own, null, ['', ''], component);
      });
      return [row(results.functions, figures, log10MeanFinal, saved, ''), ...components];
    }),
  );
  return csv(tableColumns, rows);
}

const tableColumns = [
  ...['comparison', 'optimizer', 'learning_rate', 'tuned_for', 'functions', 'steps'],
  ...measures.flatMap((measure) => ['', '_low', '_high', '_median'].map((end) => `${measure}${end}`)),
  ...['', '_low', '_high'].map((end) => `log10_mean_final${end}`),
  ...measures.flatMap((measure) => [
    measure === 'sum' ? 'learned_win_rate' : `learned_${measure}_win_rate`,
    ...['', '_low', '_high'].map((end) => `${measure}_difference${end}`),
  ]),
  ...['steps_saved', 'median_steps_saved'],
  // Of a mixture, from 1; empty for all of them.
  'component',
];

function triple(estimate: Estimate | null) {
  return estimate ? [estimate.value, estimate.low, estimate.high] : ['', '', ''];
}

/** Every rate tried: one row per comparison, optimizer and rate. */
export function tuningCsv(comparisons: readonly NamedResults[]): string {
  const tried = comparisons.flatMap(({ name, results }) =>
    results.optimizers.flatMap(({ label, tuning }) => (tuning?.grid ?? []).map((point) => ({ name, label, point }))),
  );
  const others = [...new Set(tried.flatMap(({ point }) => Object.keys(point.parameters)))];
  const rows = tried.map(({ name, label, point }) => [
    name,
    label,
    point.learningRate,
    ...others.map((parameter) => point.parameters[parameter] ?? ''),
    ...[point.scores.sum, point.scores.tail, point.scores.final],
    point.diverged ? 1 : 0,
  ]);
  return csv(['comparison', 'optimizer', 'learning_rate', ...others, 'sum', 'tail', 'final', 'diverged'], rows);
}

function csv(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** Quoted where it must be (RFC 4180). */
function cell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
