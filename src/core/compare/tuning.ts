import { type ComparisonSpec, isLearnedTuned, isTuned, tunedMeasures } from '../../contract/comparison.js';
import { type Measure, measureContracts } from '../../contract/measures.js';
import type { RuleSpec } from '../../contract/optimizers.js';
import type { Engine } from '../engines/engine.js';
import type { FunctionChunks } from '../optimise/functions.js';
import { type Learned, learnedMethod, useOf, usualRateOf } from '../optimise/learned-method.js';
import type { Measured } from '../optimise/measures.js';
import { type Method, type Optimisation, standingStill } from '../optimise/method.js';
import { ruleMethod } from '../optimise/rule-method.js';
import { ruleOf } from '../optimizers/registry.js';
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
  /** Index of its baseline; null for the learned optimizer. */
  readonly baseline: number | null;
  readonly usualRate: number;
  /** The measures that distinguish its rates. */
  readonly measures: readonly Measure[];
  /** Null for the learned optimizer. */
  readonly rule: RuleSpec | null;
  /** The other tuned parameters. */
  readonly parameters: Readonly<Record<string, number>>;
}

/** The grids of all tuned baselines, in the baselines' order, then the learned optimizer's. @param learnedRate its usual rate */
export function gridsOf(comparison: ComparisonSpec, learnedRate = 1): Grid[] {
  const { baselines, tuning } = comparison;
  const measures = tellingMeasures(comparison);
  const ofRules = baselines.flatMap((rule, baseline): Grid[] => {
    if (!isTuned(rule)) return [];
    const names = Object.entries(tuning.parameters).filter(([name]) => name in rule);
    const combinations = names.reduce<Record<string, number>[]>(
      (all, [name, values]) => all.flatMap((others) => values.map((value) => ({ ...others, [name]: value }))),
      [{}],
    );
    const { usualRate } = ruleOf(rule);
    return combinations.map((parameters) => {
      return { baseline, usualRate, measures, rule: { ...rule, ...parameters }, parameters };
    });
  });
  if (!isLearnedTuned(comparison)) return ofRules;
  const [first] = learnedMeasures(comparison);
  const ours = measures.filter((measure) => measure === first);
  return [...ofRules, { baseline: null, usualRate: learnedRate, measures: ours, rule: null, parameters: {} }];
}

/** The learned optimizer is compared once, so it has one rate. */
export function learnedMeasures({ tuning }: ComparisonSpec): readonly Measure[] {
  return tunedMeasures(tuning).slice(0, 1);
}

/** The measures that distinguish rates. */
export function tellingMeasures({ tuning, steps }: ComparisonSpec): Measure[] {
  return tunedMeasures(tuning).filter((measure) => measureContracts[measure].distinguishes(steps));
}

/** A rate to try. */
interface Attempt {
  readonly grid: number;
  readonly exponent: number;
  readonly method: Method;
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
    private readonly learned: Learned,
    private readonly now: TuningState,
  ) {
    this.grids = gridsOf(comparison, usualRateOf(learned.spec));
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
    const method = task === 'still' ? standingStill : task.method;
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
    if (grids.every(({ measures }) => measures.length === 0)) return null;
    const { still } = now;
    if (!still) return 'still';
    for (const [grid, { usualRate, measures, rule }] of grids.entries()) {
      if (measures.length === 0) continue;
      const exponent = nextExponent({ usualRate, tuning, measures, still }, now.tried[grid]!);
      if (exponent === null) continue;
      const learningRate = rateAt(usualRate, tuning, exponent);
      const method = rule
        ? ruleMethod({ ...rule, learningRate })
        : learnedMethod(this.learned, useOf(this.learned.spec, comparison.learned, learningRate));
      return { grid, exponent, method };
    }
    return null;
  }
}
