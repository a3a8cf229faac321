import type { JobSpec, TrainingSpec } from '../../../contract/spec.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported where a job asks for what this engine does not do. */
export function checkNativeSupport(job: JobSpec): void {
  if (job.kind === 'metatrain') droppedOnly(job.training.secondDerivatives);
}

/** @throws Unsupported for exact second derivatives. */
export function droppedOnly(secondDerivatives: TrainingSpec['secondDerivatives']): void {
  if (secondDerivatives === 'dropped') return;
  throw new Unsupported(
    'training.secondDerivatives: "exact" runs on the tfjs engine alone (engine.name "auto" or "tfjs").',
  );
}
