import { canTell } from './comparison.js';
import { stagesOf, validationHorizon } from './curriculum.js';
import type { Refuse } from './errors.js';
import type { LearnedSpec, LstmSpec } from './optimizers.js';
import type { MetatrainSpec } from './spec.js';
import { lossWeights, type TrainingSpec } from './training.js';

/** Refuses a training that cannot learn, or whose validations cannot measure progress. */
export function checkLearnable({ optimizer, training }: MetatrainSpec, refuse: Refuse): void {
  checkMetaLoss(training, refuse);
  if (!canTell(training.validation.measure, validationHorizon(training)))
    refuse(
      '/training/validation/measure',
      'sum',
      '"final" or "tail", or a longer /training/validation/horizon: over one step the sum is f(θ_0), which no optimizer changes',
    );
  for (const { pointer, network } of networksOf(optimizer)) checkInitialisation(network, pointer, refuse);
}

/** The first loss of an unroll is a constant, since back-propagation ends there. Imitation has its own meta-loss. */
function checkMetaLoss(training: TrainingSpec, refuse: Refuse): void {
  const { imitation, iterations, metaLoss } = training;
  const stages = stagesOf(training).filter(({ from }) => from >= (imitation?.iterations ?? 0) && from < iterations);
  const constant = stages.find(({ unroll }) => lossWeights(metaLoss, unroll).every((w, t) => t === 0 || w === 0));
  if (constant)
    refuse(
      '/training/metaLoss',
      metaLoss,
      Array.isArray(metaLoss)
        ? 'numbers with one after the first that is not 0: the first loss of an unroll does not depend on the optimizer'
        : '"final" or "sum-and-final", or longer unrolls: over one step the sum is the first loss, which does not depend on the optimizer',
    );
}

/** Consecutive kernels of 0 keep gradients of 0 for good: each gradient is multiplied by the other kernel's output. */
function checkInitialisation({ initialisation, inputProjection, layers }: LstmSpec, at: string, refuse: Refuse): void {
  if (initialisation.kernels === 'zeros' && (layers.length > 0 || inputProjection !== null))
    refuse(
      `${at}/initialisation/kernels`,
      'zeros',
      'another initialisation where there are layers or an input projection: their gradients would be 0 for good; "output": "zeros" is enough for a first update of 0',
    );
}

function networksOf(optimizer: LearnedSpec): { pointer: string; network: LstmSpec }[] {
  if (optimizer.name === 'lstm') return [{ pointer: '/optimizer', network: optimizer }];
  return optimizer.groups.flatMap(({ optimizer: network }, i) =>
    network.name === 'lstm' ? [{ pointer: `/optimizer/groups/${i}/optimizer`, network }] : [],
  );
}
