import { type ComparisonResults, type Estimate, keepsUsualRate } from '../contract/results.js';

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

/** The tables: one row per comparison and optimizer. */
export function tableCsv(comparisons: readonly NamedResults[]): string {
  const rows = comparisons.flatMap(({ name, results }) =>
    results.optimizers.map(
      ({ label, rule, tuning, sum, sumMedian, tail, tailMedian, final, finalMedian, log10MeanFinal, versus }) => [
        name,
        label,
        rule && 'learningRate' in rule ? rule.learningRate : '',
        tuning && !keepsUsualRate(tuning) ? tuning.measures.join(' ') : '',
        results.functions,
        results.steps,
        ...[sum.value, sum.low, sum.high, sumMedian],
        ...[tail.value, tail.low, tail.high, tailMedian],
        ...[final.value, final.low, final.high, finalMedian],
        ...[log10MeanFinal.value, log10MeanFinal.low, log10MeanFinal.high],
        ...(versus
          ? [
              ...[versus.winRate, ...triple(versus.sumDifference)],
              ...[versus.tailWinRate, ...triple(versus.tailDifference)],
              ...[versus.finalWinRate, ...triple(versus.finalDifference)],
              ...[versus.stepsSaved.mean ?? '', versus.stepsSaved.median ?? ''],
            ]
          : new Array(14).fill('')),
      ],
    ),
  );
  const columns =
    'comparison,optimizer,learning_rate,tuned_for,functions,steps,sum,sum_low,sum_high,sum_median,tail,tail_low,tail_high,tail_median,final,final_low,final_high,final_median,log10_mean_final,log10_mean_final_low,log10_mean_final_high,learned_win_rate,sum_difference,sum_difference_low,sum_difference_high,learned_tail_win_rate,tail_difference,tail_difference_low,tail_difference_high,learned_final_win_rate,final_difference,final_difference_low,final_difference_high,steps_saved,median_steps_saved';
  return csv(columns.split(','), rows);
}

function triple({ value, low, high }: Estimate) {
  return [value, low, high];
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
