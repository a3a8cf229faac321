import { fromWire } from '../../contract/schema.js';
import { axisOf } from '../../figures/axis.js';
import { type Chart, escapeXml, scaleOf } from '../../figures/chart.js';
import { figure, legend, sizes } from '../../figures/figure.js';
import { formatCount, formatFixed, formatInterval, formatLoss } from '../../figures/numbers.js';
import type { Series } from '../../figures/series.js';
import { dashesOf, seriesClass } from '../../figures/strokes.js';
import { cell, table } from '../../figures/tables.js';
import type { Suite } from '../plan.js';
import type { StepCosts } from '../suite/costs.js';
import { type Sensitivity, sensitivityOf } from '../suite/sensitivity.js';
import { type Entrant, type Reference, references, type Standing, standingsOf, tolerance } from '../suite/standings.js';
import type { Report } from './findings.js';

/** What a suite of tasks says: who is how fast over all of them, the learned optimizers task by task, and what steps cost. */

/** A table for HTML and for Markdown. The first cell of a row is its name. */
export interface Sheet {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly { readonly text: string; readonly small?: string }[])[];
  /** How many rows, from the first, are of learned optimizers, in bold. */
  readonly learned: number;
  readonly note: string;
}

/** In HTML. Empty if no task is done. */
export function suiteSection(report: Report): string {
  const { entrants, sheets } = contentOf(report);
  const tables = sheets.map(({ title, columns, rows, learned, note }) => {
    const cells = rows.map(([name, ...others]) => [
      `<th scope="row">${escapeXml(name!.text)}${name!.small ? `<small>${escapeXml(name!.small)}</small>` : ''}</th>`,
      ...others.map(({ text, small = '' }) => cell(text, small)),
    ]);
    return `<h3>${title}</h3>${table(title, columns, cells, (row) => row < learned)}<p class="note">${note}</p>`;
  });
  return tables.join('\n') + sensitivityFigure(sensitivityOf(entrants));
}

/** In Markdown, for documentation and model cards. */
export function suiteMarkdown(report: Report): string {
  const { sheets } = contentOf(report);
  const written = sheets.map(({ title, columns, rows, note }) => {
    const lines = [
      columns,
      columns.map((_, i) => (i === 0 ? '---' : '---:')),
      ...rows.map((row) => row.map(({ text, small }) => (small ? `${text} (${small})` : text))),
    ].map((cells) => `| ${cells.join(' | ')} |`);
    return `## ${title}\n\n${lines.join('\n')}\n\n${note}\n`;
  });
  return `Written by \`npx ${report.record.command}\`.\n\n${written.join('\n')}`;
}

interface Content {
  readonly entrants: readonly Entrant[];
  readonly sheets: readonly Sheet[];
}

/** A report is written in two forms, and intervals take time. */
const known = new WeakMap<Report, Content>();

function contentOf(report: Report): Content {
  const content = known.get(report) ?? makeContent(report);
  known.set(report, content);
  return content;
}

function makeContent(report: Report): Content {
  const suite = report.plan.suite!(report.record.budget);
  const byName = new Map(report.findings.map(({ job, results }) => [job.name, results]));
  const entrants = standingsOf(suite, (job) => byName.get(job) ?? null);
  if (entrants.length === 0) return { entrants, sheets: [] };
  const { costs } = report.record;
  const tasks = entrants.filter(({ learned }) => learned).map((one) => byTask(suite, entrants, one));
  return { entrants, sheets: [overall(suite, entrants), ...tasks, ...(costs ? [costsOf(costs)] : [])] };
}

/** Everyone over all tasks. */
export function overall({ tasks }: Suite, entrants: readonly Entrant[]): Sheet {
  const done = entrants[0]!.standings.size;
  return {
    title: done < tasks.length ? `${done} of ${tasks.length} tasks` : `All ${done} tasks`,
    columns: [
      'Optimizer',
      ...references.map((reference) => `Speed-up over ${reference}`),
      'Runs that reach AdamW’s final loss',
      'Final loss above AdamW’s',
      `At most ${100 * tolerance} % above`,
      'Finite',
    ],
    rows: entrants.map(({ title, speedUp, reached, excess, within, finite }) => [
      { text: title },
      ...references.map((reference) => ({
        text: formatFixed(speedUp[reference].value, 2),
        small: formatInterval(speedUp[reference], (value) => formatFixed(value, 2)),
      })),
      { text: `${formatFixed(100 * reached, 0)} %` },
      { text: percentOf(fromWire(excess.value)), small: formatInterval(excess, (value) => percentOf(fromWire(value))) },
      { text: `${within} of ${done}` },
      { text: `${finite} of ${done}` },
    ]),
    learned: learnedAmong(entrants),
    note: 'Interquartile means over tasks and runs, with 95 % intervals bootstrapped over both. The speed-up over an optimizer is the steps that it takes to its final loss, over those that this one takes to the same loss; one that does not reach it counts as taking all steps, so that a speed-up just below 1 may hide how far off it is: the share of runs that get there tells. Every rate is tuned per task, on other functions than these.',
  };
}

function learnedAmong(entrants: readonly Entrant[]): number {
  return entrants.filter(({ learned }) => learned).length;
}

/** A learned optimizer, task by task. */
function byTask({ tasks }: Suite, entrants: readonly Entrant[], judged: Entrant): Sheet {
  const adamw = entrants.find(({ title }) => title === 'AdamW');
  return {
    title: `${judged.title}, task by task`,
    columns: [
      'Task',
      'Steps',
      'Final loss',
      'AdamW’s',
      'Above it',
      'Best rule’s',
      ...references.map((one) => `Speed-up over ${one}`),
    ],
    rows: tasks.flatMap(({ name, title, steps }) => {
      const own = judged.standings.get(name);
      if (!own) return [];
      const rules = entrants
        .filter(({ learned }) => !learned)
        .map((one) => [one.title, one.standings.get(name)!.final] as const);
      const [bestName, best] = rules.reduce((a, b) => (b[1] < a[1] ? b : a));
      return [
        [
          { text: name, small: title },
          { text: formatCount(steps) },
          { text: formatLoss(own.final), ...(own.finite ? {} : { small: 'not finite' }) },
          { text: formatLoss(adamw!.standings.get(name)!.final) },
          { text: percentOf(own.excess) },
          { text: formatLoss(best), small: bestName },
          ...references.map((reference) => ({ text: speedUpText(own, reference) })),
        ],
      ];
    }),
    learned: 0,
    note: 'The final loss is the mean over the last tenth of the steps. “<” marks a speed-up whose goal some run did not reach within the steps.',
  };
}

/** What a step takes, and what an optimizer keeps. */
function costsOf({ task, coordinates, gradientSeconds, optimizers }: StepCosts): Sheet {
  const adam = optimizers.find(({ title }) => title === 'Adam')!;
  const row = (title: string, state: number, seconds: number) => [
    { text: title },
    { text: formatFixed(state / coordinates, 2) },
    { text: `${formatFixed(1000 * seconds, 2)} ms` },
    { text: formatFixed((1e9 * (seconds - gradientSeconds)) / coordinates, 1) },
    { text: formatFixed(seconds / adam.seconds, 2) },
  ];
  return {
    title: 'Memory and time of a step',
    columns: [
      'Optimizer',
      'Numbers kept per coordinate',
      'A step',
      'Beyond the gradient, ns per coordinate',
      'Step over Adam’s',
    ],
    rows: [
      ...optimizers.map(({ title, state, seconds }) => row(title, state, seconds)),
      row('The gradient alone', 0, gradientSeconds),
    ],
    learned: 0,
    note: `On ${formatCount(coordinates)} coordinates (${task}), the fastest of three runs on this machine. The numbers are of 4 bytes each, besides the weights themselves.`,
  };
}

function speedUpText({ speedUps }: Standing, reference: Reference): string {
  const all = speedUps[reference];
  const mean = all.reduce((sum, { value }) => sum + value, 0) / all.length;
  return `${all.some(({ censored }) => censored) ? '< ' : ''}${formatFixed(mean, 2)}`;
}

function percentOf(share: number): string {
  if (share > 99) return Number.isFinite(share) ? `× ${formatFixed(share + 1, 0)}` : '∞';
  return `${share > 0 ? '+' : ''}${formatFixed(100 * share, 1)} %`.replace('-', '−');
}

/** The score of each learning rate over the suite. Empty if no rate was tuned. */
function sensitivityFigure(all: readonly Sensitivity[]): string {
  if (all.length === 0) return '';
  const families = new Map<string, number>();
  const series = all.map(({ title, learned }): Series => {
    const [rule] = title.split(', ') as [string];
    const first = all.findIndex((other) => other.learned === learned && (learned || other.title.startsWith(rule)));
    const variant = all.findIndex((other) => other.title === title) - first;
    if (!learned && !families.has(rule)) families.set(rule, families.size + 1);
    return { label: title, learned, family: families.get(rule) ?? 0, variant, steps: [], mean: [], low: [], high: [] };
  });
  const charts = sizes.map(({ most }): Chart => {
    const values = all.flatMap(({ points }) => points.flatMap(({ median, low, high }) => [median, low, high]));
    return {
      x: scaleOf(axisOf(all.flatMap(({ points }) => points.map(({ rate }) => rate))), 'learning rate', most),
      y: scaleOf(axisOf(values, 1), 'final loss over tuned AdamW’s, median over tasks', most),
      lines: all.map(({ points, learned }, i) => ({
        className: `${seriesClass(series[i]!)} s${i}`,
        dashes: dashesOf(series[i]!),
        points: points.map(({ rate, median }) => ({ x: rate, y: median })),
        band: learned ? points.map(({ rate, low, high }) => ({ x: rate, low, high })) : [],
        marks: [],
      })),
    };
  });
  return figure(
    charts,
    'Sensitivity to the learning rate.',
    legend(series),
    'Each rate’s final loss on the tuning functions, over the best of AdamW’s rates on the same task: medians over the tasks, for the learned optimizers with quartiles. A line ends where most runs diverged.',
  );
}
