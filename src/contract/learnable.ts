import { stagesOf, validationHorizon } from './curriculum.js';
import type { FieldError, Refuse } from './errors.js';
import type { EstimatorSpec } from './estimators.js';
import { measureContracts } from './measures.js';
import { isNetworkSpec, type NetworkSpec, networkContract } from './networks/networks.js';
import type { LearnedSpec } from './optimizers.js';
import type { MetatrainSpec } from './spec.js';
import { lossWeights, type TrainingSpec } from './training.js';

/** Refuses a training that cannot learn, or whose validations cannot measure progress. */
export function checkLearnable({ training }: MetatrainSpec, refuse: Refuse): void {
  checkMetaLoss(training, refuse);
  const { measure } = training.validation;
  if (!measureContracts[measure].distinguishes(validationHorizon(training)))
    refuse(
      '/training/validation/measure',
      'sum',
      '"final" or "tail", or a longer /training/validation/horizon: over one step the sum is f(θ_0), which no optimizer changes',
    );
}

/** Why networks could not learn. */
export function checkNetworks({ optimizer, training }: MetatrainSpec): FieldError[] {
  const networks = networksOf(optimizer);
  const errors = networks.flatMap(
    ({ pointer, network }) => networkContract(network).checkLearnable?.(network, pointer) ?? [],
  );
  const blocking = networks.find(({ network }) => !networkContract(network).backward);
  if (!blocking) return errors;
  const why = `back-propagation cannot pass through the network "${blocking.network.name}" at ${blocking.pointer}`;
  // Estimators other than back-propagation have a field of their own.
  const { estimator = { name: 'bptt' } } = training as { estimator?: Pick<EstimatorSpec, 'name'> };
  if (estimator.name === 'bptt')
    errors.push({ pointer: '/training/estimator', found: '"bptt"', allowed: `"es", "pes" or "nres": ${why}` });
  if (training.imitation !== null)
    errors.push({ pointer: '/training/imitation', found: 'an object', allowed: `null: ${why}` });
  return errors;
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

function networksOf(optimizer: LearnedSpec): { pointer: string; network: NetworkSpec }[] {
  if (isNetworkSpec(optimizer)) return [{ pointer: '/optimizer', network: optimizer }];
  return optimizer.groups.flatMap(({ optimizer: network }, i) =>
    isNetworkSpec(network) ? [{ pointer: `/optimizer/groups/${i}/optimizer`, network }] : [],
  );
}
