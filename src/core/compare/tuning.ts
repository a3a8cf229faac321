import type { ComparisonSpec, Measure, TuningSpec } from '../../contract/comparison.js';
import { tailSteps, tunedMeasures } from '../../contract/comparison.js';
import type { BaselineSpec, RuleSpec } from '../../contract/optimizers.js';
import type { TuningResult } from '../../contract/results.js';
import { toWire } from '../../contract/schema.js';
import type { Engine } from '../engines/engine.js';
import type { FunctionChunks } from '../optimise/functions.js';
import { eachMeasure, type Measured } from '../optimise/measures.js';
import { type Optimisation, optimisation, type TunedRule } from '../optimise/optimise.js';
import { bestRate, endsOf, nextExponent, rateAt, type TriedRate } from './grid.js';

/** A rate in the middle of being tried: what the functions so far have come to. */
export interface Trial {
  functions: number;
  /** Σ over functions of each measure. */
  totals: Measured<number>;
  /** Σ over functions of f(θ_0). */
  initial: number;
  /** The greatest f(θ_steps). */
  worst: number;
}

export interface TuningState {
  /** Rates tried so far, for each grid: {@link gridsOf}. */
  readonly tried: TriedRate[][];
  /** Of the first grid that is not done. */
  trial: Trial | null;
}

/** A grid of rates for one combination of a rule's other parameters. */
export interface Grid {
  /** Which of the baselines it is for. */
  readonly baseline: number;
  readonly rule: RuleSpec;
  /** Those that are tuned as well. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** The grids of all the baselines that are tuned, in the baselines' order. */
export function gridsOf({ baselines, tuning }: ComparisonSpec): Grid[] {
  return baselines.flatMap((rule, baseline) => {
    if (!isTuned(rule)) return [];
    const names = Object.entries(tuning.parameters).filter(([name]) => name in rule);
    const combinations = names.reduce<Record<string, number>[]>(
      (all, [name, values]) => all.flatMap((others) => values.map((value) => ({ ...others, [name]: value }))),
      [{}],
    );
    return combinations.map((parameters) => ({ baseline, rule: { ...rule, ...parameters }, parameters }));
  });
}

export function isTuned(baseline: BaselineSpec): baseline is RuleSpec {
  return 'learningRate' in baseline && baseline.learningRate === 'tuned';
}

/** Tries rates until the best of every grid lies inside it. */
export class Tuning {
  readonly phase = 'tuning';
  private readonly grids: readonly Grid[];
  /** The grid that is being tried, and the exponent there; null when all are done. */
  private task: { grid: number; exponent: number } | null;
  private running: Optimisation | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly functions: FunctionChunks,
    private readonly comparison: ComparisonSpec,
    private readonly now: TuningState,
  ) {
    this.grids = gridsOf(comparison);
    this.task = this.nextTask();
  }

  static begin(comparison: ComparisonSpec): TuningState {
    return { tried: gridsOf(comparison).map(() => []), trial: null };
  }

  /** Rates tried, counted in chunks of functions. */
  get done(): number {
    const { functions, now } = this;
    const rates = now.tried.reduce((n, { length }) => n + length, 0);
    return rates * functions.length + functions.chunksBefore(now.trial?.functions ?? 0);
  }

  /** The same for the grids as they stand: it grows with them. */
  get total(): number {
    const { task, comparison, functions } = this;
    const rates = this.now.tried.map(({ length }, i) =>
      Math.max(length + (task?.grid === i ? 1 : 0), comparison.tuning.points),
    );
    return rates.reduce((a, b) => a + b, 0) * functions.length;
  }

  get isOver(): boolean {
    return this.task === null;
  }

  /** Takes a few steps with a rate on some functions. */
  async advance(): Promise<void> {
    const { task, engine, functions, now, comparison } = this;
    if (!task) return;
    now.trial ??= { functions: 0, totals: eachMeasure(() => 0), initial: 0, worst: 0 };
    const { rule } = this.grids[task.grid]!;
    const learningRate = rateAt(rule, comparison.tuning, task.exponent);
    this.running ??= optimisation(
      engine,
      functions.from(now.trial.functions),
      { ...rule, learningRate },
      comparison.steps,
    );
    const { done, value: losses } = await this.running.next();
    if (!done) return;
    this.running = null;
    add(now.trial, losses, comparison.steps);
    if (now.trial.functions < functions.count && now.trial.worst < Number.POSITIVE_INFINITY) return;
    now.tried[task.grid]!.push({ exponent: task.exponent, ...verdict(now.trial, functions.count) });
    now.trial = null;
    this.task = this.nextTask();
  }

  dispose(): void {
    void this.running?.return(new Float32Array());
  }

  private nextTask(): Tuning['task'] {
    for (const [grid, tried] of this.now.tried.entries()) {
      const exponent = nextExponent(this.comparison.tuning, tried);
      if (exponent !== null) return { grid, exponent };
    }
    return null;
  }
}

/** Counts in some functions' losses [steps + 1, count]. */
function add(trial: Trial, losses: Float32Array, steps: number): void {
  const count = losses.length / (steps + 1);
  const tail = tailSteps(steps);
  for (let b = 0; b < count; b++) {
    const final = losses[steps * count + b]!;
    trial.initial += losses[b]!;
    trial.worst = Number.isFinite(final) ? Math.max(trial.worst, final) : Number.POSITIVE_INFINITY;
    trial.totals.final += final;
    for (let t = 0; t < steps; t++) trial.totals.sum += losses[t * count + b]!;
    for (let t = steps - tail + 1; t <= steps; t++) trial.totals.tail += losses[t * count + b]! / tail;
  }
  trial.functions += count;
}

/** A rate is out where it ended non-finite on any function, or above a hundred times the mean initial loss. */
function verdict({ totals, initial, worst }: Trial, functions: number): Omit<TriedRate, 'exponent'> {
  const diverged = !(worst <= (100 * initial) / functions);
  const scores = eachMeasure((measure) => (diverged ? Number.POSITIVE_INFINITY : totals[measure] / functions));
  return { scores, diverged };
}

/** A rule with a rate that was found for it. */
export interface TunedBaseline {
  readonly rule: TunedRule;
  readonly parameters: Readonly<Record<string, number>>;
  readonly tuning: TuningResult;
}

/** What tuning found for a baseline: each distinct rate, in the order of the measures that it is the best for. */
export function tunedBaselines(comparison: ComparisonSpec, now: TuningState, baseline: number): TunedBaseline[] {
  const { tuning } = comparison;
  const all = gridsOf(comparison)
    .map((grid, i) => ({ ...grid, tried: now.tried[i]! }))
    .filter((grid) => grid.baseline === baseline);
  const candidates = all.flatMap((grid) => grid.tried.map((rate) => ({ ...rate, grid })));
  // Where every rate diverged, the lowest is shown with its divergence.
  const lowest = candidates.reduce((a, b) => (b.exponent < a.exponent ? b : a));
  const found = new Map<(typeof candidates)[number], Measure[]>();
  for (const measure of tunedMeasures(tuning)) {
    const best = bestRate(candidates, measure) ?? lowest;
    found.set(best, [...(found.get(best) ?? []), measure]);
  }
  const points = all.flatMap((grid) =>
    [...grid.tried].sort((a, b) => a.exponent - b.exponent).map(point(grid, tuning)),
  );
  return [...found].map(([{ grid, exponent }, measures]) => {
    const { low, high } = endsOf(grid.tried);
    const [measure] = measures as [Measure];
    return {
      rule: { ...grid.rule, learningRate: rateAt(grid.rule, tuning, exponent) },
      parameters: grid.parameters,
      tuning: {
        measure,
        measures,
        functions: tuning.functions,
        examples: tuning.examples,
        atEdge: exponent === low || exponent === high,
        grid: points.map((p) => ({ ...p, score: p.scores[measure] })),
      },
    };
  });
}

const point =
  ({ rule, parameters }: Grid, tuning: TuningSpec) =>
  ({ exponent, scores, diverged }: TriedRate) => ({
    learningRate: rateAt(rule, tuning, exponent),
    parameters,
    scores: eachMeasure((measure) => toWire(scores[measure])),
    diverged,
  });
