import { tunedMeasures } from '../../contract/comparison.js';
import type { RunEvent } from '../../contract/events.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import { coordinates } from '../../contract/problems.js';
import type { CompareSpec, JobSpec, MetatrainSpec } from '../../contract/spec.js';
import { parseJobSpec } from '../../contract/validate.js';
import { chunkSize } from '../../core/compare/optimise.js';
import { gridsOf, isTuned } from '../../core/compare/tuning.js';
import { createRun } from '../../core/run.js';
import { loadDatasets } from '../../data/datasets.js';

/** Seconds for which meta-iterations are timed, at least; steps of a comparison, and coordinates × steps, about. */
const timed = { seconds: 0.4, steps: 20, work: 2 ** 20 };

/**
 * Seconds that a job is going to take on this machine, from small pieces of it that are run first, on the same engine.
 * Grids of learning rates that widen, and the rest of the machine's work, are not foreseen.
 * @param optimizer what a comparison is about: what it costs does not depend on its weights.
 */
export async function estimateSeconds(spec: JobSpec, optimizer: LearnedSpec | null): Promise<number> {
  if (spec.kind === 'metatrain') return estimateTraining(spec);
  if (optimizer === null) throw new RangeError('A comparison is of an optimizer.');
  return estimateComparison(spec, optimizer);
}

async function estimateTraining(spec: MetatrainSpec): Promise<number> {
  const { iterations, validation } = spec.training;
  const validated = Math.min(validation.functions, chunkOf(spec));
  const piece = { ...validation, functions: validated, every: 1_000_000 };
  let validationSeconds = 0;
  const timings: number[] = [];
  for await (const { event, seconds } of timedEvents({ ...spec, training: { ...spec.training, validation: piece } })) {
    if (event.type === 'validation') validationSeconds = (seconds * validation.functions) / validated;
    if (event.type === 'losses') timings.push(seconds);
    if (timings.length > 1 && sum(timings.slice(1)) > timed.seconds) break;
  }
  const validations = Math.ceil(iterations / validation.every) + 1;
  return validations * validationSeconds + iterations * mean(timings.slice(1));
}

async function estimateComparison(spec: CompareSpec, optimizer: LearnedSpec): Promise<number> {
  const { functions, steps, baselines, tuning, resamples } = spec.comparison;
  const pieces = Math.min(functions, Math.max(2, chunkOf(spec)));
  const work = Math.max(timed.steps, Math.floor(timed.work / (pieces * coordinates(spec.problem))));
  const size = { functions: pieces, steps: Math.min(steps, work) };
  // Conjugate gradients count as a rule like the others: they are not tuned, so it matters little.
  const untuned = baselines.flatMap((rule) => ('learningRate' in rule ? [{ ...rule, learningRate: 0.001 }] : []));
  // Once for the caches and the compiler.
  await timeComparison(spec, optimizer, { ...size, baselines: untuned });
  const without = await timeComparison(spec, optimizer, { ...size, baselines: [] });
  const all = await timeComparison(spec, optimizer, { ...size, baselines: untuned });
  // Seconds of a function's steps, of a baseline on average.
  const whole = (seconds: number) => (seconds * steps) / (size.functions * size.steps);
  const [learned, baseline] = [without.runs, Math.max(0, all.runs - without.runs) / Math.max(1, untuned.length)].map(
    whole,
  ) as [number, number];
  const tuned = baselines.filter(isTuned).length;
  const rates = tunedMeasures(tuning).length;
  const grids = gridsOf(spec.comparison).length;
  return (
    functions * (learned + baseline * (baselines.length + tuned * (rates - 1))) +
    baseline * tuning.functions * tuning.points * grids +
    (all.statistics * functions * resamples) / (size.functions * leastResamples)
  );
}

/** Resamples of a piece. */
const leastResamples = 100;

/** Seconds that the runs of a small comparison take, and its statistics. */
async function timeComparison(
  { engine, problem }: CompareSpec,
  optimizer: LearnedSpec,
  comparison: object,
): Promise<{ runs: number; statistics: number }> {
  const spec = parseJobSpec({
    kind: 'metatrain',
    ...{ engine, problem, optimizer },
    training: { iterations: 1, horizon: 1, unroll: 1, validation: { functions: 1 } },
    comparison: { ...comparison, resamples: leastResamples },
  });
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
  const run = await createRun({ spec, datasets: await loadDatasets(spec.problem) });
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
