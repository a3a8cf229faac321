import { exactNeedsTfjs, networksOf, withoutKernels } from '../../../contract/engines.js';
import type { LstmSpec } from '../../../contract/networks/lstm.js';
import { type NetworkSpec, networkContract, withoutBackward } from '../../../contract/networks/networks.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import type { TrainingSpec } from '../../../contract/training.js';
import { Unsupported } from '../engine.js';

/** @throws Unsupported for networks without kernels, such as those over more than one coordinate at a time. */
export function networksWithKernels(optimizer: LearnedSpec): void {
  const reason = withoutKernels(optimizer);
  if (reason !== null) throw new Unsupported(reason);
}

/** An LSTM that {@link networksWithKernels} accepts. */
export function lstmOf(network: NetworkSpec): LstmSpec {
  networksWithKernels(network);
  return network as LstmSpec;
}

/** @throws Unsupported if back-propagation cannot pass through a network. */
export function networksWithBackward(optimizer: LearnedSpec): void {
  const through = networksOf(optimizer).find((network) => !networkContract(network).backward);
  if (through) throw new Unsupported(withoutBackward(through.name));
}

/** @throws Unsupported for exact second derivatives. */
export function droppedOnly(secondDerivatives: TrainingSpec['secondDerivatives']): void {
  if (secondDerivatives !== 'dropped') throw new Unsupported(exactNeedsTfjs);
}
