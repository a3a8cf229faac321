import { isLearnedTuned, isTuned, tunedMeasures } from '../contract/comparison.js';
import { unrolledSteps } from '../contract/curriculum.js';
import { chunkSize } from '../contract/data-limits.js';
import type { RunEvent } from '../contract/events.js';
import type { LearnedSpec } from '../contract/optimizers.js';
import { coordinates } from '../contract/problems.js';
import { type CompareSpec, type JobSpec, type MetatrainSpec, problemsOf } from '../contract/spec.js';
import { parseJobSpec } from '../contract/validate.js';
import { gridsOf } from '../core/compare/tuning.js';
import { createRun } from '../core/run.js';
import { loadDatasets } from '../data/datasets.js';

/** Minimum time measured per piece. */
const timedSeconds = 0.1;

/**
 * Estimates the seconds that jobs take on this machine, from small pieces of them run on the same engine: a piece that
 * several jobs share is run once. Does not include grids of learning rates that widen, or other load on the machine.
 */
export class Estimator {
  /** What pieces took, by their documents. */
  private readonly timings = new Map<string, object>();

  /** @param optimizer a comparison's; the cost does not depend on its weights */
  async seconds(spec: JobSpec, optimizer: LearnedSpec | null): Promise<number> {
    if (spec.kind === 'metatrain') return this.ofTraining(spec);
    if (optimizer === null) throw new RangeError('A comparison needs an optimizer.');
    return this.ofComparison(spec, optimizer);
  }

  private async ofTraining(spec: MetatrainSpec): Promise<number> {
    const { iterations, validation } = spec.training;
    const validated = Math.min(validation.functions, chunkOf(spec));
    const piece = { ...validation, functions: validated, every: 1_000_000 };
    // Of jobs of any length and seed.
    const training = { ...spec.training, iterations: 1_000_000, validation: piece };
    const took = await this.once({ ...spec, training, title: '', seed: 0 }, timeTraining);
    const validations = Math.ceil(iterations / validation.every) + 1;
    const ofStep = took.step / spec.training.unroll;
    const validationSeconds = (took.validation * validation.functions) / validated;
    return validations * (validationSeconds + took.health) + unrolledSteps(spec.training) * ofStep;
  }

  private async ofComparison(spec: CompareSpec, optimizer: LearnedSpec): Promise<number> {
    const { engine, problem, comparison } = spec;
    const { functions, steps, baselines, tuning, resamples } = comparison;
    const ourRates = isLearnedTuned(comparison) ? tuning.points : 0;
    // Rules cost about the same, nearly all of it in the optimizee: time two for all, conjugate gradients included.
    const rules = baselines.flatMap((rule) => ('learningRate' in rule ? [{ ...rule, learningRate: 0.001 }] : []));
    const timedRules = rules.slice(0, 2);
    const piece = { functions: Math.min(functions, Math.max(2, chunkOf(spec))), steps: Math.min(steps, 2) };
    const time = (baselines: object[]) =>
      this.once(pieceOf({ engine, problem, optimizer, comparison: { ...piece, baselines } }), timeComparison);
    let all = await time(timedRules);
    // The first piece runs with cold caches and a cold compiler; short timings are unreliable.
    while (all.runs < timedSeconds && piece.steps < steps) {
      piece.steps = Math.min(steps, 4 * piece.steps);
      all = await time(timedRules);
    }
    const learned = await time([]);
    const { runs, rates, evaluated } = extentOf(spec);
    const ofFunction = steps / (piece.functions * piece.steps);
    const ofRule = Math.max(0, all.runs - learned.runs) / Math.max(1, timedRules.length);
    const statistics = (all.statistics * functions * resamples) / (piece.functions * pieceResamples);
    return (
      ofFunction *
        ((functions + tuning.functions * ourRates) * learned.runs +
          (functions * runs + tuning.functions * (rates - ourRates)) * ofRule) +
      (statistics * evaluated) / (1 + timedRules.length)
    );
  }

  private async once<Spec extends JobSpec, T extends object>(spec: Spec, time: (spec: Spec) => Promise<T>): Promise<T> {
    const key = JSON.stringify(spec);
    const known = this.timings.get(key) ?? (await time(spec));
    this.timings.set(key, known);
    return known as T;
  }
}

/** How often a comparison runs a rule on all functions, how many rates it tries, and how many optimizers it has. */
function extentOf({ comparison }: CompareSpec): { runs: number; rates: number; evaluated: number } {
  const { baselines, tuning } = comparison;
  const tuned = baselines.filter(isTuned).length;
  const runs = baselines.length + tuned * (tunedMeasures(tuning).length - 1);
  return { runs, rates: tuning.points * gridsOf(comparison).length, evaluated: 1 + runs };
}

/** Resamples per piece. */
const pieceResamples = 100;

/** A small training, to be followed by a small comparison. */
function pieceOf({
  comparison,
  ...parts
}: Pick<CompareSpec, 'engine' | 'problem'> & { optimizer: LearnedSpec; comparison: object }) {
  return parseJobSpec({
    kind: 'metatrain',
    ...parts,
    // Evolution strategies train any optimizer.
    training: { iterations: 1, horizon: 2, unroll: 2, estimator: { name: 'es' }, validation: { functions: 1 } },
    comparison: { ...comparison, resamples: pieceResamples },
  });
}

/** Seconds of a meta-iteration after the first, of the first validation, and of a measurement of health. */
async function timeTraining(spec: MetatrainSpec): Promise<{ step: number; validation: number; health: number }> {
  const took = { step: 0, validation: 0, health: 0 };
  const timings: number[] = [];
  for await (const { event, seconds } of timedEvents(spec)) {
    if (event.type === 'validation') took.validation = seconds;
    if (event.type === 'health') took.health = seconds;
    if (event.type === 'losses') timings.push(seconds);
    if (timings.length > 1 && sum(timings.slice(1)) > timedSeconds) break;
  }
  return { ...took, step: mean(timings.slice(1)) };
}

/** Seconds of a small comparison's runs, and of its statistics. */
async function timeComparison(spec: JobSpec): Promise<{ runs: number; statistics: number }> {
  const took = { runs: 0, statistics: 0 };
  for await (const { event, seconds } of timedEvents(spec)) {
    if (event.type === 'progress' && event.phase === 'comparison') took.runs += seconds;
    if (event.type === 'progress' && event.phase === 'statistics') took.statistics += seconds;
    if (event.type === 'comparison') took.statistics += seconds;
  }
  return took;
}

/** The events of a run, each with the seconds that it took. */
async function* timedEvents(spec: JobSpec): AsyncGenerator<{ event: RunEvent; seconds: number }> {
  const run = await createRun({ spec, datasets: await loadDatasets(...problemsOf(spec)) });
  try {
    for (;;) {
      const began = performance.now();
      const event = await run.next();
      if (event === null) return;
      yield { event, seconds: (performance.now() - began) / 1000 };
    }
  } finally {
    run.dispose();
  }
}

function chunkOf({ problem }: JobSpec): number {
  return chunkSize(coordinates(problem));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
