import { exactNeedsTfjs, withoutKernels } from '../../../contract/engines.js';
import type { LstmSpec } from '../../../contract/networks/lstm.js';
import type { NetworkSpec } from '../../../contract/networks/networks.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { TrainingSpec } from '../../../contract/training.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported for networks without kernels, such as those over more than one coordinate at a time. */
export function networksWithKernels(optimizer: LearnedSpec): void {
  const reason = withoutKernels(optimizer);
  if (reason !== null) throw new Unsupported(reason);
}

/** A network that {@link networksWithKernels} accepts: an LSTM, so far. */
export function lstmOf(network: NetworkSpec): LstmSpec {
  networksWithKernels(network);
  return network as LstmSpec;
}

/** @throws Unsupported for exact second derivatives. */
export function droppedOnly(secondDerivatives: TrainingSpec['secondDerivatives']): void {
  if (secondDerivatives !== 'dropped') throw new Unsupported(exactNeedsTfjs);
}
