import { type ProblemSpec, problemsIn } from '../../../contract/problems.js';
import type { JobSpec, TrainingSpec } from '../../../contract/spec.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported where a job asks for what this engine does not do. */
export function checkNativeSupport(job: JobSpec): void {
  if (job.kind !== 'metatrain') return;
  droppedOnly(job.training.secondDerivatives);
  noiseless(job.problem);
}

/** @throws Unsupported for training on gradients with noise: the way back takes what the network was fed for ∇f. */
export function noiseless(problem: ProblemSpec): void {
  if (!problemsIn(problem).some(({ name }) => name === 'noisy')) return;
  throw new Unsupported(
    'problem.name: training on "noisy" problems runs on the tfjs engine alone (engine.name "auto" or "tfjs").',
  );
}

/** @throws Unsupported for exact second derivatives. */
export function droppedOnly(secondDerivatives: TrainingSpec['secondDerivatives']): void {
  if (secondDerivatives === 'dropped') return;
  throw new Unsupported(
    'training.secondDerivatives: "exact" runs on the tfjs engine alone (engine.name "auto" or "tfjs").',
  );
}
