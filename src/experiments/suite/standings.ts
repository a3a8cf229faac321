import { isRule, type RuleSpec, scheduleOf } from '../../contract/optimizers.js';
import type { ComparisonResults, Estimate, OptimizerResult } from '../../contract/results.js';
import { fromWire } from '../../contract/schema.js';
import { scheduleLabel } from '../../contract/use.js';
import { ruleOf } from '../../core/optimizers/registry.js';
import { figuresOf, isLearned } from '../../figures/rows.js';
import { type Suite, suiteJobName } from '../plan.js';
import { aggregate, excess, runsOf, type SmoothCurve, type SpeedUp, speedUp } from './scores.js';

/** How optimizers stand on a suite's tasks, from the results of its comparisons. */

/** What others are measured against: rules that every task's comparison has. */
export const references = ['Adam', 'AdamW', 'AdamW, cosine'] as const;
export type Reference = (typeof references)[number];

function perReference<T>(of: (reference: Reference) => T): Readonly<Record<Reference, T>> {
  return { Adam: of('Adam'), AdamW: of('AdamW'), 'AdamW, cosine': of('AdamW, cosine') };
}

/** A loss of up to this share above the reference's counts as reached. */
export const tolerance = 0.05;

/** One optimizer on one task. */
export interface Standing {
  readonly optimizer: OptimizerResult;
  /** The mean over functions of the mean loss over the last tenth of the steps. */
  readonly final: number;
  /** By how much that is above tuned AdamW's, as a share of it. */
  readonly excess: number;
  /** Over each reference, run by run. */
  readonly speedUps: Readonly<Record<Reference, readonly SpeedUp[]>>;
  /** Whether every loss of every function was finite. */
  readonly finite: boolean;
}

/** An optimizer on all tasks that are done. */
export interface Entrant {
  readonly title: string;
  readonly learned: boolean;
  /** By the tasks' names. */
  readonly standings: ReadonlyMap<string, Standing>;
  /** The interquartile mean of the speed-ups over each reference, over tasks and runs, and its interval. */
  readonly speedUp: Readonly<Record<Reference, Estimate>>;
  /** The same for the excess over AdamW. */
  readonly excess: Estimate;
  /** The share of runs that reach tuned AdamW's final loss. */
  readonly reached: number;
  /** On how many tasks its final loss is within the tolerance of tuned AdamW's. */
  readonly within: number;
  readonly finite: number;
}

/**
 * The entrants: the learned optimizers, then the rules. Tasks that not all learned optimizers have done are left out.
 * @param resultsOf a comparison's results by its job's name, or null if it is not done
 */
export function standingsOf(suite: Suite, resultsOf: (job: string) => ComparisonResults | null): Entrant[] {
  const [judged] = suite.learned;
  const rows = new Map<string, { title: string; learned: boolean; standings: Map<string, Standing> }>();
  for (const task of suite.tasks) {
    const found = suite.learned.map(({ name }) => resultsOf(suiteJobName(task, name)));
    const results = found.flatMap((one) => one ?? []);
    if (results.length < found.length || !judged) continue;
    const learned = results.map(({ optimizers }, i) => [suite.learned[i]!.title, optimizers[0]!] as const);
    const rules = results[0]!.optimizers.filter((one) => !isLearned(one)).map((one) => [nameOfRule(one), one] as const);
    const byTitle = new Map(rules);
    const { steps } = results[0]!;
    const against = perReference((reference) => {
      const optimizer = byTitle.get(reference);
      if (!optimizer) throw new RangeError(`The comparison on "${task.name}" lacks ${reference}.`);
      return { final: tailOf(optimizer), runs: runsOf(optimizer, steps) };
    });
    for (const [title, optimizer] of [...learned, ...rules]) {
      const row = rows.get(title) ?? { title, learned: isLearned(optimizer), standings: new Map() };
      row.standings.set(task.name, standingOf(optimizer, against, steps));
      rows.set(title, row);
    }
  }
  return [...rows.values()].map(summed);
}

function nameOfRule({ rule, label }: OptimizerResult): string {
  return rule && isRule(rule) ? titleOfRule(rule) : label;
}

/** A rule with its schedule, and without its rate: the same on every task. */
export function titleOfRule(rule: RuleSpec): string {
  return `${ruleOf(rule).title}${scheduleLabel(scheduleOf(rule))}`;
}

function standingOf(
  optimizer: OptimizerResult,
  against: Readonly<Record<Reference, { readonly final: number; readonly runs: readonly SmoothCurve[] }>>,
  steps: number,
): Standing {
  const final = tailOf(optimizer);
  const runs = runsOf(optimizer, steps);
  return {
    optimizer,
    final,
    excess: excess(against.AdamW.final, final),
    speedUps: perReference((reference) => runs.map((run, i) => speedUp(against[reference].runs[i]!, run))),
    finite: optimizer.curve.functions!.flat().every((loss) => Number.isFinite(fromWire(loss))),
  };
}

/** A loss that is not finite counts as infinite. */
function tailOf(optimizer: OptimizerResult): number {
  const tail = fromWire(figuresOf(optimizer, 'tail').mean.value);
  return Number.isFinite(tail) ? tail : Number.POSITIVE_INFINITY;
}

function shareOf(holds: readonly boolean[]): number {
  return holds.filter(Boolean).length / holds.length;
}

function summed({ title, learned, standings }: Pick<Entrant, 'title' | 'learned' | 'standings'>): Entrant {
  const all = [...standings.values()];
  return {
    title,
    learned,
    standings,
    speedUp: perReference((reference) =>
      aggregate(all.map(({ speedUps }) => speedUps[reference].map(({ value }) => value))),
    ),
    excess: aggregate(all.map((one) => [one.excess])),
    reached: shareOf(all.flatMap(({ speedUps }) => speedUps.AdamW.map(({ censored }) => !censored))),
    within: all.filter((one) => one.excess <= tolerance).length,
    finite: all.filter((one) => one.finite).length,
  };
}
