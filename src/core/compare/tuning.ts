import { type ComparisonSpec, isTuned, tunedMeasures } from '../../contract/comparison.js';
import { type Measure, measureContracts } from '../../contract/measures.js';
import type { RuleSpec } from '../../contract/optimizers.js';
import type { Engine } from '../engines/engine.js';
import type { FunctionChunks } from '../optimise/functions.js';
import type { Measured } from '../optimise/measures.js';
import { type Optimisation, standingStill } from '../optimise/method.js';
import { ruleMethod, type TunedRule } from '../optimise/rule-method.js';
import { nextExponent, rateAt, type TriedRate } from './grid.js';
import { addLosses, beginTrial, outcomeOf, type Trial } from './trial.js';

export interface TuningState {
  /** Scores of standing still, which a rate must beat; null until they are known. */
  still: Measured<number> | null;
  /** Rates tried so far, for each grid: {@link gridsOf}. */
  readonly tried: TriedRate[][];
  /** The trial of standing still, then of the first unfinished grid. */
  trial: Trial | null;
}

/** A grid of rates for one combination of a rule's other parameters. */
export interface Grid {
  /** Index of its baseline. */
  readonly baseline: number;
  readonly rule: RuleSpec;
  /** The other tuned parameters. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** The grids of all tuned baselines, in the baselines' order. */
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

/** The measures that distinguish rates. */
export function tellingMeasures({ tuning, steps }: ComparisonSpec): Measure[] {
  return tunedMeasures(tuning).filter((measure) => measureContracts[measure].distinguishes(steps));
}

/** A rate to try. */
interface Attempt {
  readonly grid: number;
  readonly exponent: number;
  readonly rule: TunedRule;
}

/** Tries rates until the best of every grid is inside it. */
export class Tuning {
  readonly phase = 'tuning';
  private readonly grids: readonly Grid[];
  /** What to run next on the tuning functions; null when all is done. */
  private task: Attempt | 'still' | null;
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
    return { still: null, tried: gridsOf(comparison).map(() => []), trial: null };
  }

  /** Rates tried, in chunks of functions; standing still counts as one. */
  get done(): number {
    const { functions, now } = this;
    const rates = now.tried.reduce((n, { length }) => n + length, now.still ? 1 : 0);
    return rates * functions.length + functions.chunksBefore(now.trial?.functions ?? 0);
  }

  /** The same for the current grids; it grows with them. */
  get total(): number {
    const { task, comparison, functions } = this;
    const grid = task === null || task === 'still' ? -1 : task.grid;
    const rates = this.now.tried.map(({ length }, i) =>
      Math.max(length + (grid === i ? 1 : 0), comparison.tuning.points),
    );
    return rates.reduce((a, b) => a + b, 1) * functions.length;
  }

  get isOver(): boolean {
    return this.task === null;
  }

  /** Takes a few steps with a rate on some functions. */
  async advance(): Promise<void> {
    const { task, engine, functions, now, comparison } = this;
    if (!task) return;
    now.trial ??= beginTrial();
    const batch = functions.from(now.trial.functions);
    const method = task === 'still' ? standingStill : ruleMethod(task.rule);
    this.running ??= method.optimise(engine, batch, comparison.steps);
    const { done, value: losses } = await this.running.next();
    if (!done) return;
    this.running = null;
    addLosses(now.trial, losses, comparison.steps);
    if (now.trial.functions < functions.count && now.trial.rise < Number.POSITIVE_INFINITY) return;
    const outcome = outcomeOf(now.trial);
    if (task === 'still') now.still = outcome.scores;
    else now.tried[task.grid]!.push({ exponent: task.exponent, ...outcome });
    now.trial = null;
    this.task = this.nextTask();
  }

  dispose(): void {
    void this.running?.return(new Float32Array());
  }

  private nextTask(): Tuning['task'] {
    const { comparison, now, grids } = this;
    const { tuning } = comparison;
    const measures = tellingMeasures(comparison);
    if (grids.length === 0 || measures.length === 0) return null;
    const { still } = now;
    if (!still) return 'still';
    for (const [grid, { rule }] of grids.entries()) {
      const exponent = nextExponent({ rule, tuning, measures, still }, now.tried[grid]!);
      if (exponent === null) continue;
      return { grid, exponent, rule: { ...rule, learningRate: rateAt(rule, tuning, exponent) } };
    }
    return null;
  }
}
