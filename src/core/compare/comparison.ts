import type { Datasets } from '../../contract/datasets.js';
import type { RunEvent } from '../../contract/events.js';
import type { RuleSpec } from '../../contract/optimizers.js';
import { coordinates } from '../../contract/problems.js';
import type { ComparisonSpec, JobSpec } from '../../contract/spec.js';
import type { Engine } from '../engines/engine.js';
import { ruleOf } from '../optimizers/registry.js';
import { type FunctionBatch, sampleFunctions } from '../problems/batch.js';
import { Purpose } from '../random/random.js';
import { chunkSize, type Learned, optimiseByLearned, optimiseByRule, type TunedRule } from './optimise.js';
import { ResultsBuilder } from './results.js';
import { bestRate, nextExponent, rateAt, type TriedRate, tryRate, tuningResult } from './tuning.js';

export interface ComparisonState {
  /** Rates tried so far, for each baseline; none where its rate is given. */
  readonly tried: TriedRate[][];
  /** Chunks of functions done, counted for the learned optimizer first, then each baseline, then the next chunk. */
  unitsDone: number;
  /** f(θ_t) [steps + 1, functions], the learned optimizer's first. */
  readonly losses: Float32Array[];
}

/**
 * The paired comparison: learning rates are tuned, then every optimizer starts from the same points on the same fresh
 * functions. Each pull tries one rate, or takes one optimizer through one chunk of functions.
 */
export class Comparison {
  private batch: { chunk: number; functions: FunctionBatch } | null = null;
  private builder: ResultsBuilder | null = null;

  private constructor(
    private readonly spec: JobSpec,
    private readonly comparison: ComparisonSpec,
    private readonly engine: Engine,
    private readonly datasets: Datasets,
    private readonly learned: Learned,
    private readonly now: ComparisonState,
  ) {}

  /** @param state where to go on from; without it, the comparison begins. */
  static create(
    spec: JobSpec,
    comparison: ComparisonSpec,
    engine: Engine,
    datasets: Datasets,
    learned: Learned,
    state?: ComparisonState,
  ): Comparison {
    const { baselines, functions, steps } = comparison;
    const fresh = () => ({
      tried: baselines.map(() => []),
      unitsDone: 0,
      losses: Array.from({ length: baselines.length + 1 }, () => new Float32Array((steps + 1) * functions)),
    });
    return new Comparison(spec, comparison, engine, datasets, learned, state ?? fresh());
  }

  state(): ComparisonState {
    return this.now;
  }

  /** The next step of progress; the results last. */
  async next(): Promise<RunEvent> {
    return (await this.tune()) ?? (await this.compare()) ?? this.conclude();
  }

  private async tune(): Promise<RunEvent | null> {
    const { baselines, tuning } = this.comparison;
    const { tried } = this.now;
    const tuned = baselines.flatMap((rule, i) => (rule.learningRate === 'tuned' ? [{ rule, rates: tried[i]! }] : []));
    for (const { rule, rates } of tuned) {
      const exponent = nextExponent(tuning, rates);
      if (exponent === null) continue;
      rates.push(await tryRate(this.engine, this.datasets, this.spec, this.comparison, rule, exponent));
      const done = tuned.reduce((n, { rates }) => n + rates.length, 0);
      const total = tuned.reduce((n, { rates }) => n + Math.max(rates.length, tuning.points), 0);
      return { type: 'progress', phase: 'tuning', done, total };
    }
    return null;
  }

  private async compare(): Promise<RunEvent | null> {
    const { now, engine, spec } = this;
    const { functions, steps, baselines } = this.comparison;
    const size = chunkSize(coordinates(spec.problem));
    const total = Math.ceil(functions / size) * (baselines.length + 1);
    if (now.unitsDone === total) return null;
    const optimizer = now.unitsDone % (baselines.length + 1);
    const first = Math.floor(now.unitsDone / (baselines.length + 1)) * size;
    const batch = this.functionsFrom(first, Math.min(size, functions - first));
    const losses =
      optimizer === 0
        ? await optimiseByLearned(engine, batch, this.learned, steps)
        : await optimiseByRule(engine, batch, this.ruleAt(optimizer - 1), steps);
    for (let t = 0; t <= steps; t++) {
      const row = losses.subarray(t * batch.count, (t + 1) * batch.count);
      now.losses[optimizer]!.set(row, t * functions + first);
    }
    now.unitsDone++;
    return { type: 'progress', phase: 'comparison', done: now.unitsDone, total };
  }

  private conclude(): RunEvent {
    const { comparison, spec, now } = this;
    this.builder ??= new ResultsBuilder(spec, comparison, now.losses);
    if (!this.builder.resample()) {
      return { type: 'progress', phase: 'statistics', done: this.builder.resamplesDone, total: comparison.resamples };
    }
    const optimizers = comparison.baselines.map((rule, i) => ({
      rule: this.ruleAt(i),
      label: labelOf(rule, this.ruleAt(i)),
      tuning: rule.learningRate === 'tuned' ? tuningResult(rule, comparison.tuning, now.tried[i]!) : null,
    }));
    return { type: 'comparison', results: this.builder.build(optimizers) };
  }

  /** The baseline with the rate that it runs with: its own, or the best of those tried. */
  private ruleAt(index: number): TunedRule {
    const rule = this.comparison.baselines[index]!;
    if (rule.learningRate !== 'tuned') return rule as TunedRule;
    const tried = this.now.tried[index]!;
    // Where every rate diverged, the lowest is shown with its divergence.
    const lowest = [...tried].sort((a, b) => a.exponent - b.exponent)[0]!;
    const { exponent } = bestRate(tried) ?? lowest;
    return { ...rule, learningRate: rateAt(rule, this.comparison.tuning, exponent) };
  }

  /** The functions of one chunk are drawn once for all the optimizers. */
  private functionsFrom(first: number, count: number): FunctionBatch {
    if (this.batch?.chunk !== first) {
      const { problem, seed } = this.spec;
      const functions = sampleFunctions(problem, seed, Purpose.comparison, first, count, this.datasets);
      this.batch = { chunk: first, functions };
    }
    return this.batch.functions;
  }
}

/** Such as "SGD 0.1" or "RMSProp 0.0422 (tuned)". */
function labelOf(asked: RuleSpec, { learningRate }: TunedRule): string {
  const tuned = asked.learningRate === 'tuned' ? ' (tuned)' : '';
  return `${ruleOf(asked).title} ${Number(learningRate.toPrecision(3))}${tuned}`;
}
