import { validationHorizon } from '../../contract/curriculum.js';
import { chunkSize } from '../../contract/data-limits.js';
import type { RunEvent } from '../../contract/events.js';
import { coordinates } from '../../contract/problems.js';
import { validationProblem } from '../../contract/spec.js';
import { learnedMethod } from '../optimise/learned-method.js';
import { measureRuns } from '../optimise/measures.js';
import { optimise } from '../optimise/method.js';
import { type FunctionBatch, sampleFunctions } from '../problems/batch.js';
import { Purpose } from '../random/random.js';
import type { EstimatorContext } from './estimators/estimator.js';
import { remember } from './history.js';
import { isBetter, type TrainingState } from './state.js';

/** Runs a chunk of a validation's functions, to bound time and memory; the last one gives its loss. */
export async function validate({ spec, engine, datasets }: EstimatorContext, now: TrainingState): Promise<RunEvent> {
  const { functions: total, measure } = spec.training.validation;
  const horizon = validationHorizon(spec.training);
  now.validation ??= { functions: 0, diverged: 0, means: new Float64Array(horizon + 1) };
  const { validation } = now;
  const batch = validationFunctions({ spec, datasets }, validation.functions);
  const { count } = batch;
  const method = learnedMethod({ spec: spec.optimizer, phi: now.phi }, spec.training.inner);
  const losses = await optimise(engine, batch, method, horizon);
  for (const [i, loss] of losses.entries()) validation.means[Math.floor(i / count)]! += loss / total;
  for (let b = 0; b < count; b++) {
    const last = losses[horizon * count + b]!;
    if (!(Number.isFinite(last) && last <= losses[b]!)) validation.diverged++;
  }
  validation.functions += count;
  if (validation.functions < total) return { type: 'progress', phase: 'validation', done: validation.functions, total };

  const loss = measureRuns(validation.means, horizon)[measure][0]!;
  const best = isBetter(loss, now);
  if (best) {
    now.best.set(now.phi);
    now.bestLoss = loss;
    now.bestIteration = now.iteration;
  }
  now.validatedAt = now.iteration;
  now.history = remember(now.history, loss);
  return { type: 'validation', iteration: now.iteration, loss, best, measure, steps: horizon };
}

/** The chunk of validation functions that starts with `first`. */
export function validationFunctions(
  { spec, datasets }: Pick<EstimatorContext, 'spec' | 'datasets'>,
  first: number,
  maximum = Number.POSITIVE_INFINITY,
): FunctionBatch {
  const { seed, training } = spec;
  const problem = validationProblem(spec);
  const count = Math.min(chunkSize(coordinates(problem)), training.validation.functions - first, maximum);
  return sampleFunctions(problem, seed, Purpose.validation, first, count, datasets);
}
