import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { JobSpec } from '../../../contract/spec.js';
import type { TrainingSpec } from '../../../contract/training.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported if a job needs what this engine does not support. */
export function checkNativeSupport(job: JobSpec, optimizer?: LearnedSpec): void {
  if (job.kind === 'metatrain') droppedOnly(job.training.secondDerivatives);
  if (optimizer) coordinatewiseOnly(optimizer);
}

/** @throws Unsupported for networks over more than one coordinate at a time. */
export function coordinatewiseOnly(optimizer: LearnedSpec): void {
  const parts = optimizer.name === 'groups' ? optimizer.groups.map((group) => group.optimizer) : [optimizer];
  for (const part of parts)
    if (part.name === 'lstm' && (part.over === 'kernel' || part.over === 'all'))
      throw new Unsupported(
        `optimizer.over: "${part.over}" runs only on the tfjs engine (engine.name "auto" or "tfjs").`,
      );
}

/** @throws Unsupported for exact second derivatives. */
export function droppedOnly(secondDerivatives: TrainingSpec['secondDerivatives']): void {
  if (secondDerivatives === 'dropped') return;
  throw new Unsupported(
    'training.secondDerivatives: "exact" runs only on the tfjs engine (engine.name "auto" or "tfjs").',
  );
}
