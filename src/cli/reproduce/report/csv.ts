import type { Part } from './report.js';

/** f(θ_t) by step: a row for each comparison, optimizer and step. */
export function curvesCsv(parts: readonly Part[]): string {
  const rows = comparisons(parts).flatMap(({ name, results }) =>
    results.optimizers.flatMap(({ label, curve }) =>
      curve.mean.map((mean, t) => [name, label, t, mean, ...curve.quantiles.map(({ values }) => values[t]!)]),
    ),
  );
  const quantiles = comparisons(parts)[0]?.results.optimizers[0]?.curve.quantiles ?? [];
  return csv(
    ['comparison', 'optimizer', 'step', 'mean', ...quantiles.map(({ probability }) => `q${probability}`)],
    rows,
  );
}

/** The tables: a row for each comparison and optimizer. */
export function tableCsv(parts: readonly Part[]): string {
  const rows = comparisons(parts).flatMap(({ name, results }) =>
    results.optimizers.map(({ label, rule, tuning, sum, sumMedian, final, finalMedian, log10MeanFinal, versus }) => [
      name,
      label,
      rule?.learningRate ?? '',
      tuning?.measure ?? '',
      results.functions,
      results.steps,
      ...[sum.value, sum.low, sum.high, sumMedian],
      ...[final.value, final.low, final.high, finalMedian],
      ...[log10MeanFinal.value, log10MeanFinal.low, log10MeanFinal.high],
      ...(versus
        ? [versus.winRate, versus.sumDifference.value, versus.sumDifference.low, versus.sumDifference.high]
        : ['', '', '', '']),
    ]),
  );
  const columns =
    'comparison,optimizer,learning_rate,tuned_for,functions,steps,sum,sum_low,sum_high,sum_median,final,final_low,final_high,final_median,log10_mean_final,log10_mean_final_low,log10_mean_final_high,learned_win_rate,sum_difference,sum_difference_low,sum_difference_high';
  return csv(columns.split(','), rows);
}

function comparisons(parts: readonly Part[]) {
  return parts.flatMap(({ job, results }) => (results ? [{ name: job.name, results }] : []));
}

function csv(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** Quoted where it must be (RFC 4180). */
function cell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
