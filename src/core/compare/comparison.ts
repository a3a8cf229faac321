import { type ComparisonSpec, isLearnedTuned, isTuned } from '../../contract/comparison.js';
import type { Datasets } from '../../contract/datasets.js';
import type { Phase, RunEvent } from '../../contract/events.js';
import { isRule } from '../../contract/optimizers.js';
import { type ComparisonResults, keepsUsualRate } from '../../contract/results.js';
import type { JobSpec } from '../../contract/spec.js';
import type { Engine } from '../engines/engine.js';
import { FunctionChunks } from '../optimise/functions.js';
import { type Learned, learnedMethod, useOf, usualRateOf } from '../optimise/learned-method.js';
import { ruleMethod, type TunedRule } from '../optimise/rule-method.js';
import { yardstickOf } from '../optimise/yardsticks.js';
import { Purpose } from '../random/random.js';
import { type Entry, ResultsBuilder } from './results.js';
import { PairedRuns, type RunsState } from './runs.js';
import { tunedBaselines, tunedLearned } from './tuned-baselines.js';
import { Tuning, type TuningState } from './tuning.js';

export interface ComparisonState {
  readonly tuning: TuningState;
  readonly runs: RunsState;
}

/** A part of a comparison, done in small pieces; each stage counts in its own units. */
interface Stage {
  readonly phase: Phase;
  readonly done: number;
  readonly total: number;
  readonly isOver: boolean;
  advance(): void | Promise<void>;
  dispose?(): void;
}

export interface ComparisonOptions {
  readonly spec: JobSpec;
  readonly comparison: ComparisonSpec;
  readonly engine: Engine;
  readonly datasets: Datasets;
  readonly learned: Learned;
  /** Digest of the learned optimizer's weights file, named in the results. */
  readonly weightsSha256?: string | undefined;
  /** Approximate milliseconds per pull: see `RunOptions`. */
  readonly pullTime: number;
}

/**
 * The paired comparison: tunes learning rates, runs every optimizer from the same points on the same fresh functions,
 * then computes the statistics. A pull does about 0.1 s of work. The state records which chunks of functions are done;
 * a comparison resumed from it repeats the unfinished chunk, with the same bits.
 */
export class Comparison {
  private stage: Stage;
  private entries: readonly Entry[] = [];

  /** @param now the state to resume from; without it, the comparison starts */
  constructor(
    private readonly options: ComparisonOptions,
    private readonly now: ComparisonState = {
      tuning: Tuning.begin(options.comparison),
      runs: PairedRuns.begin(options.comparison),
    },
  ) {
    const { spec, comparison, engine, datasets } = options;
    const { functions, examples } = comparison.tuning;
    const chunks = new FunctionChunks(spec, datasets, Purpose.tuning, functions, examples);
    this.stage = new Tuning(engine, chunks, comparison, options.learned, now.tuning);
  }

  state(): ComparisonState {
    return this.now;
  }

  dispose(): void {
    this.stage.dispose?.();
  }

  /** The next progress event; the results come last. */
  async next(): Promise<RunEvent> {
    while (this.stage.isOver) {
      if (this.stage instanceof ResultsBuilder) return { type: 'comparison', results: this.results(this.stage) };
      this.stage = this.stageAfter(this.stage);
    }
    const end = performance.now() + this.options.pullTime;
    do await this.stage.advance();
    while (!this.stage.isOver && performance.now() < end);
    const { phase, done, total } = this.stage;
    return { type: 'progress', phase, done, total };
  }

  private results(builder: ResultsBuilder): ComparisonResults {
    const { weightsSha256 } = this.options;
    const results = builder.build(this.entries);
    return weightsSha256 === undefined ? results : { ...results, weightsSha256 };
  }

  private stageAfter(stage: Stage): Stage {
    const { options, now } = this;
    const { spec, comparison, engine, datasets } = options;
    const { functions, steps } = comparison;
    if (!(stage instanceof Tuning))
      return new ResultsBuilder(spec, comparison, now.runs.finished, options.learned.trainedOn);
    this.entries = this.compared();
    const chunks = new FunctionChunks(spec, datasets, Purpose.comparison, functions, 'held-out');
    const methods = this.entries.map(({ method }) => method);
    return new PairedRuns(engine, chunks, methods, steps, now.runs, comparison.curves);
  }

  /** All compared optimizers, the learned one first. */
  private compared(): Entry[] {
    const { now } = this;
    const { comparison } = this.options;
    const baselines = comparison.baselines.flatMap((baseline, i): Entry[] => {
      if (!isRule(baseline)) return [{ method: yardstickOf(baseline), rule: baseline, tuning: null }];
      if (!isTuned(baseline)) {
        const rule = baseline as TunedRule;
        return [{ method: ruleMethod(rule), rule, tuning: null }];
      }
      const found = tunedBaselines(comparison, now.tuning, i);
      return found.map(({ rule, parameters, tuning }) => {
        const verb = keepsUsualRate(tuning) ? 'not tuned' : 'tuned';
        const why = found.length === 1 ? verb : `${verb} for ${tuning.measures.join(', ')}`;
        const method = ruleMethod(rule, parameters);
        return { method: { ...method, label: `${method.label} (${why})` }, rule, tuning };
      });
    });
    return distinct([this.learnedEntry(), ...baselines]);
  }

  private learnedEntry(): Entry {
    const { now } = this;
    const { comparison, learned } = this.options;
    const { spec } = learned;
    if (comparison.learned === undefined) return { method: learnedMethod(learned), rule: null, tuning: null };
    if (!isLearnedTuned(comparison)) {
      const use = useOf(spec, comparison.learned);
      return { method: learnedMethod(learned, use), rule: null, use, tuning: null };
    }
    const { rate, tuning } = tunedLearned(comparison, now.tuning, usualRateOf(spec));
    const use = useOf(spec, comparison.learned, rate);
    const method = learnedMethod(learned, use);
    const label = `${method.label} (${keepsUsualRate(tuning) ? 'not tuned' : 'tuned'})`;
    return { method: { ...method, label }, rule: null, use, tuning };
  }
}

/** The same label twice becomes "… #2". */
function distinct(entries: readonly Entry[]): Entry[] {
  const seen = new Map<string, number>();
  return entries.map((entry) => {
    const { label } = entry.method;
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return times === 1 ? entry : { ...entry, method: { ...entry.method, label: `${label} #${times}` } };
  });
}
