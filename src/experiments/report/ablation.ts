import { stringify } from 'yaml';
import type { Estimate } from '../../contract/results.js';
import { fromWire } from '../../contract/schema.js';
import { escapeXml } from '../../figures/chart.js';
import { formatCount, formatFixed, formatLoss } from '../../figures/numbers.js';
import { bestBaseline, figuresOf, rowsOf } from '../../figures/rows.js';
import { cell, table } from '../../figures/tables.js';
import type { AblationColumn, Variant } from '../plan.js';
import type { Finding, Report } from './findings.js';

/** The table of an ablation, in HTML and in Markdown. */

/** A line of the table. */
interface Line {
  /** Null for the yardstick. */
  variant: Variant | null;
  /** Of each column. */
  figures: readonly Figure[];
}

interface Figure {
  value: string;
  /** The minimum and maximum over the seeds; or the name of the yardstick. */
  beside: string;
  /** From the base; empty for the base itself. */
  difference: string;
  share: string;
  /** Whether every seed is better, or every seed is worse, than all seeds of the base. */
  verdict: 'better' | 'worse' | 'open';
}

/** In HTML. */
export function ablationTable(report: Report): string {
  const rows = linesOf(report).map(({ variant, figures }) => [
    `<th scope="row">${isDocument(report, variant) ? `<code>${escapeXml(variant.change)}</code>` : escapeXml(nameOf(variant))}</th>`,
    ...figures.flatMap(({ value, beside, difference, share, verdict }) => [
      cell(value, escapeXml(beside)),
      cell(`<span class="${verdict}">${difference}</span>`, share),
    ]),
  ]);
  return `${table('Ablation', headOf(report), rows, (row) => row === 0)}<p class="note">${noteOf(report)} In colour: every seed is better, or every seed is worse, than all seeds of the base.</p>`;
}

/** In Markdown, with the base's document. */
export function ablationMarkdown(report: Report): string {
  const bracketed = (text: string) => (text === '' ? '' : ` (${text})`);
  const rows = linesOf(report).map(({ variant, figures }) => [
    isDocument(report, variant) ? `\`${variant.change}\`` : nameOf(variant),
    ...figures.flatMap(({ value, beside, difference, share, verdict }) => {
      const text = `${difference}${bracketed(share)}`;
      return [`${value}${bracketed(beside)}`, verdict === 'open' ? text : `**${text}**`];
    }),
  ]);
  const head = headOf(report);
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
  const base = report.jobs[0]!.spec;
  const { problem, optimizer, training } = base.kind === 'metatrain' ? base : { ...base, training: null };
  return `Written by \`npx ${report.record.command}\`.

${lines.join('\n')}

${noteOf(report)} Bold: every seed is better, or every seed is worse, than all seeds of the base.

The base:

\`\`\`yaml
${stringify({ problem, optimizer, training }, { collectionStyle: 'any', aliasDuplicateObjects: false })}\`\`\`
`;
}

/** Whether a row's change is to be shown as code. */
function isDocument({ plan, record }: Report, variant: Variant | null): variant is Variant {
  return Boolean(variant?.change) && plan.ablation!(record.budget).areDocuments;
}

function nameOf(variant: Variant | null): string {
  if (variant === null) return 'a hand-designed optimizer, tuned';
  return variant.change || 'the base';
}

function headOf(report: Report): string[] {
  return ['Changed', ...columnsOf(report).flatMap(({ title }) => [title, 'Minus the base'])];
}

function noteOf(report: Report): string {
  const results = report.findings.flatMap(({ results }) => results ?? []);
  const shares = columnsOf(report).map(({ title, measure, comparison }) => {
    const own = report.findings.flatMap(({ job, results }) =>
      results && endsWith(job.name, comparison) ? [halfWidth(figuresOf(results.optimizers[0]!, measure).mean)] : [],
    );
    return `±${formatFixed(100 * Math.max(...own), 1)} % (${title})`;
  });
  const base = variantsOf(report)[0]?.jobs ?? [];
  const seeds = report.jobs.filter(({ name, of }) => of === null && base.includes(name)).length;
  const ofSeeds =
    seeds === 1 ? 'One training seed' : `Means over ${seeds} training seeds, with their minimum and maximum`;
  const all = `${shares.slice(0, -1).join(', ')}${shares.length > 1 ? ' and ' : ''}${shares.at(-1)}`;
  return `${ofSeeds}, each over the same ${formatCount(results[0]?.functions ?? 0)} fresh functions. The 95 % interval over functions of one training is at most ${all}; it does not include the spread over seeds. Every training takes the same number of steps: iterations × unroll × functions; the warm-up and the validation interval scale with the iterations.`;
}

/** Half the width of an interval, as a share of the value. */
function halfWidth({ value, low, high }: Estimate): number {
  return (fromWire(high) - fromWire(low)) / (2 * fromWire(value));
}

function linesOf(report: Report): Line[] {
  const columns = columnsOf(report);
  const lines = variantsOf(report).flatMap((variant) => {
    const own = report.findings.filter(({ job, results }) => results && variant.jobs.includes(job.name));
    const values = columns.map(({ comparison, measure }) =>
      own.flatMap(({ job, results }) =>
        endsWith(job.name, comparison) ? [fromWire(figuresOf(results!.optimizers[0]!, measure).mean.value)] : [],
      ),
    );
    return values.some(({ length }) => length === 0) ? [] : [{ variant, values }];
  });
  const base = lines[0]?.values;
  if (!base) return [];
  const shown = lines.map(
    ({ variant, values }, i): Line => ({
      variant,
      figures: values.map((own, column) => figureOf(own, i === 0 ? null : base[column]!, rangeOf(own))),
    }),
  );
  return [...shown, ...yardstick(report.findings, columns, base)];
}

/** The best hand-designed optimizer of the comparisons that have some. */
function yardstick(
  findings: readonly Finding[],
  columns: readonly AblationColumn[],
  base: readonly (readonly number[])[],
): Line[] {
  const figures = columns.flatMap(({ comparison, measure }, column) => {
    const found = findings.find(
      ({ job, results }) => results && endsWith(job.name, comparison) && results.optimizers.length > 1,
    );
    if (!found) return [];
    const best = bestBaseline(rowsOf(found.results!, measure), measure);
    const value = best ? fromWire(figuresOf(best, measure).mean.value) : Number.NaN;
    return [figureOf([value], base[column]!, best?.label ?? 'no rule does better than standing still')];
  });
  return figures.length < columns.length ? [] : [{ variant: null, figures }];
}

function endsWith(job: string, comparison: string): boolean {
  return job.endsWith(`-${comparison}`);
}

function figureOf(values: readonly number[], base: readonly number[] | null, beside: string): Figure {
  const value = mean(values);
  if (!base) return { value: formatLoss(value), beside, difference: '', share: '', verdict: 'open' };
  const difference = value - mean(base);
  const ratio = value / mean(base);
  const comparable = values.length > 1 && base.length > 1;
  const isBelow = Math.max(...values) < Math.min(...base);
  const isAbove = Math.min(...values) > Math.max(...base);
  return {
    value: formatLoss(value),
    beside,
    // Two digits: the spread over seeds supports no more.
    difference: signed(difference, String(Number(difference.toPrecision(2)))),
    share: ratio > 10 ? `× ${formatFixed(ratio, 0)}` : signed(difference, `${formatFixed(100 * (ratio - 1), 1)} %`),
    // One seed has no range.
    verdict: comparable && isBelow ? 'better' : comparable && isAbove ? 'worse' : 'open',
  };
}

function rangeOf(values: readonly number[]): string {
  return values.length > 1 ? `${formatLoss(Math.min(...values))} … ${formatLoss(Math.max(...values))}` : '';
}

function signed(number: number, text: string): string {
  return `${number > 0 ? '+' : ''}${text}`.replace('-', '−');
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function variantsOf({ plan, record }: Report): readonly Variant[] {
  return plan.ablation?.(record.budget).variants ?? [];
}

function columnsOf({ plan, record }: Report): readonly AblationColumn[] {
  return plan.ablation?.(record.budget).columns ?? [];
}
