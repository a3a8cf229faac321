import type { RunEvent } from '../../contract/events.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import { coordinates } from '../../contract/problems.js';
import type { CompareSpec, JobSpec, MetatrainSpec } from '../../contract/spec.js';
import { parseJobSpec } from '../../contract/validate.js';
import { chunkSize } from '../../core/compare/optimise.js';
import { createRun } from '../../core/run.js';
import { loadDatasets } from '../../data/datasets.js';

/** Seconds for which meta-iterations are timed, at least, and steps of a comparison. */
const timed = { seconds: 0.4, steps: 20 };

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
  const chunk = Math.min(functions, chunkOf(spec));
  const piece = { functions: 2 * chunk, steps: Math.min(steps, timed.steps), resamples: 100 };
  const { engine, problem } = spec;
  const pieceSpec = parseJobSpec({
    kind: 'metatrain',
    ...{ engine, problem, optimizer },
    training: { iterations: 1, horizon: 1, unroll: 1, validation: { functions: 1 } },
    comparison: { ...piece, baselines: baselines.map((rule) => ({ ...rule, learningRate: 0.001 })) },
  });
  const chunks: number[] = [];
  let statistics = 0;
  let conclusion = 0;
  for await (const { event, seconds } of timedEvents(pieceSpec)) {
    if (event.type === 'progress' && event.phase === 'comparison') chunks.push(seconds);
    if (event.type === 'progress' && event.phase === 'statistics') statistics += seconds;
    if (event.type === 'comparison') conclusion = seconds;
  }
  // Of the two chunks, the second has the caches and the compiler warm.
  const warm = chunks.slice(chunks.length / 2).map((seconds) => (seconds * steps) / piece.steps);
  const size = functions / piece.functions;
  const tuned = warm.slice(1).filter((_, i) => baselines[i]?.learningRate === 'tuned');
  return (
    (sum(warm) * functions) / chunk +
    (sum(tuned) * tuning.points * tuning.functions) / chunk +
    (statistics * size * resamples) / piece.resamples +
    (conclusion * size * steps) / piece.steps
  );
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
