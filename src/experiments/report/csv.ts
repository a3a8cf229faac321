import { type Estimate, keepsUsualRate } from '../../contract/results.js';
import type { Finding } from './findings.js';

/** f(θ_t) by step: one row per comparison, optimizer and step. */
export function curvesCsv(findings: readonly Finding[]): string {
  const rows = comparisons(findings).flatMap(({ name, results }) =>
    results.optimizers.flatMap(({ label, curve }) =>
      curve.mean.map((mean, t) => [name, label, t, mean, ...curve.quantiles.map(({ values }) => values[t]!)]),
    ),
  );
  const quantiles = comparisons(findings)[0]?.results.optimizers[0]?.curve.quantiles ?? [];
  return csv(
    ['comparison', 'optimizer', 'step', 'mean', ...quantiles.map(({ probability }) => `q${probability}`)],
    rows,
  );
}

/** The tables: one row per comparison and optimizer. */
export function tableCsv(findings: readonly Finding[]): string {
  const rows = comparisons(findings).flatMap(({ name, results }) =>
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

function comparisons(findings: readonly Finding[]) {
  return findings.flatMap(({ job, results }) => (results ? [{ name: job.name, results }] : []));
}

function csv(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

/** Quoted where it must be (RFC 4180). */
function cell(value: string | number): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
