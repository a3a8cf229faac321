import { stringify } from 'yaml';
import type { Estimate } from '../../contract/results.js';
import { fromWire } from '../../contract/schema.js';
import { escapeXml } from '../../figures/chart.js';
import { formatCount, formatFixed, formatLoss } from '../../figures/numbers.js';
import { bestBaseline, figuresOf, rowsOf } from '../../figures/rows.js';
import { cell, table } from '../../figures/tables.js';
import type { Variant } from '../plan.js';
import type { Finding, Report } from './findings.js';

/** The table of an ablation, in HTML and in Markdown. */

const measures = ['sum', 'final'] as const;
type Shown = (typeof measures)[number];

/** A line of the table. */
interface Line {
  /** In a document's syntax; empty for the base, null for the yardstick. */
  change: string | null;
  figures: Record<Shown, Figure>;
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
  const rows = linesOf(report).map(({ change, figures }) => [
    `<th scope="row">${change ? `<code>${escapeXml(change)}</code>` : nameOf(change)}</th>`,
    ...measures.flatMap((measure) => {
      const { value, beside, difference, share, verdict } = figures[measure];
      return [cell(value, escapeXml(beside)), cell(`<span class="${verdict}">${difference}</span>`, share)];
    }),
  ]);
  return `${table('Ablation', headOf(report), rows, (row) => row === 0)}<p class="note">${noteOf(report)} In colour: every seed is better, or every seed is worse, than all seeds of the base.</p>`;
}

/** In Markdown, with the base's document. */
export function ablationMarkdown(report: Report): string {
  const bracketed = (text: string) => (text === '' ? '' : ` (${text})`);
  const rows = linesOf(report).map(({ change, figures }) => [
    change ? `\`${change}\`` : nameOf(change),
    ...measures.flatMap((measure) => {
      const { value, beside, difference, share, verdict } = figures[measure];
      const text = `${difference}${bracketed(share)}`;
      return [`${value}${bracketed(beside)}`, verdict === 'open' ? text : `**${text}**`];
    }),
  ]);
  const head = headOf(report);
  const lines = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  );
  const base = report.jobs[0]!.spec;
  const { optimizer, training } = base.kind === 'metatrain' ? base : { optimizer: null, training: null };
  return `Written by \`npx ${report.record.command}\`.

${lines.join('\n')}

${noteOf(report)} Bold: every seed is better, or every seed is worse, than all seeds of the base.

The base:

\`\`\`yaml
${stringify({ optimizer, training }, { collectionStyle: 'any', aliasDuplicateObjects: false })}\`\`\`
`;
}

function nameOf(change: string | null): string {
  return change === null ? 'a hand-designed optimizer, tuned' : 'the base';
}

function headOf({ findings }: Report): string[] {
  const { steps = 0 } = findings.find(({ results }) => results)?.results ?? {};
  return ['Changed', `Sum, t = 0 … ${steps - 1}`, 'Minus the base', `Final loss, t = ${steps}`, 'Minus the base'];
}

function noteOf(report: Report): string {
  const results = report.findings.flatMap(({ results }) => results ?? []);
  const [sum, final] = measures.map((measure) => {
    const shares = results.map(({ optimizers }) => halfWidth(figuresOf(optimizers[0]!, measure).mean));
    return formatFixed(100 * Math.max(...shares), 1);
  });
  const base = variantsOf(report)[0]?.jobs ?? [];
  const seeds = report.jobs.filter(({ name, of }) => of !== null && base.includes(name)).length;
  const ofSeeds =
    seeds === 1 ? 'One training seed' : `Means over ${seeds} training seeds, with their minimum and maximum`;
  return `${ofSeeds}, each over the same ${formatCount(results[0]?.functions ?? 0)} fresh functions. The 95 % interval over functions of one training is at most ±${sum} % of its sum, and ±${final} % of its final loss; it does not include the spread over seeds. Every training takes the same number of steps: iterations × unroll × functions; the warm-up and the validation interval scale with the iterations.`;
}

/** Half the width of an interval, as a share of the value. */
function halfWidth({ value, low, high }: Estimate): number {
  return (fromWire(high) - fromWire(low)) / (2 * fromWire(value));
}

function linesOf(report: Report): Line[] {
  const lines = variantsOf(report).flatMap(({ change, jobs }) => {
    const learned = report.findings.flatMap(({ job, results }) =>
      results && jobs.includes(job.name) ? [results.optimizers[0]!] : [],
    );
    const values = (measure: Shown) => learned.map((one) => fromWire(figuresOf(one, measure).mean.value));
    return learned.length === 0 ? [] : [{ change, values: { sum: values('sum'), final: values('final') } }];
  });
  const base = lines[0]?.values;
  if (!base) return [];
  const shown = lines.map(({ change, values }, i): Line => {
    const figure = (measure: Shown) =>
      figureOf(values[measure], i === 0 ? null : base[measure], rangeOf(values[measure]));
    return { change, figures: { sum: figure('sum'), final: figure('final') } };
  });
  return [...shown, ...yardstick(report.findings, base)];
}

/** The best hand-designed optimizer of the comparison that has some. */
function yardstick(findings: readonly Finding[], base: Record<Shown, number[]>): Line[] {
  const results = findings.find((finding) => finding.results && finding.results.optimizers.length > 1)?.results;
  if (!results) return [];
  const figure = (measure: Shown) => {
    const best = bestBaseline(rowsOf(results, measure), measure);
    const value = best ? fromWire(figuresOf(best, measure).mean.value) : Number.NaN;
    return figureOf([value], base[measure], best?.label ?? 'no rule does better than standing still');
  };
  return [{ change: null, figures: { sum: figure('sum'), final: figure('final') } }];
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
  return plan.variants?.(record.budget) ?? [];
}
