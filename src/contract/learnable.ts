import { stagesOf, validationHorizon } from './curriculum.js';
import type { FieldError, Refuse } from './errors.js';
import { evolutionOf } from './estimators.js';
import { measureContracts } from './measures.js';
import { isNetworkSpec, type NetworkSpec, networkContract } from './networks/networks.js';
import type { LearnedSpec } from './optimizers.js';
import type { MetatrainSpec } from './spec.js';
import { lossWeights, type TrainingSpec } from './training.js';

/** Refuses a training that cannot learn, or whose validations cannot measure progress. */
export function checkLearnable({ training }: MetatrainSpec, refuse: Refuse): void {
  checkMetaLoss(training, refuse);
  checkEstimator(training, refuse);
  const { measure } = training.validation;
  if (!measureContracts[measure].distinguishes(validationHorizon(training)))
    refuse(
      '/training/validation/measure',
      'sum',
      '"final" or "tail", or a longer /training/validation/horizon: over one step the sum is f(θ_0), which no optimizer changes',
    );
}

/** What goes only with back-propagation, or only with evolution strategies. */
function checkEstimator(training: TrainingSpec, refuse: Refuse): void {
  const { curriculum, horizon, imitation, inner, secondDerivatives, unroll } = training;
  const evolution = evolutionOf(training);
  if (!evolution) {
    if (inner) refuse('/training/inner', inner, 'nothing: it goes with evolution strategies, training.estimator');
    return;
  }
  const { name, horizons } = evolution;
  if (inner && evolution.name === 'pes' && evolution.analytic)
    refuse('/training/inner', inner, 'nothing with an analytic gradient, which takes the usual learning rate');
  const without = `with the estimator "${name}"`;
  if (curriculum.length > 0) refuse('/training/curriculum', curriculum, `[] ${without}`);
  if (imitation !== null) refuse('/training/imitation', imitation, `null ${without}`);
  if (secondDerivatives === 'exact' && !(evolution.name === 'pes' && evolution.analytic))
    refuse('/training/secondDerivatives', secondDerivatives, `"dropped" ${without}, which needs losses only`);
  if (horizons && horizons.minimum > horizons.maximum)
    refuse('/training/estimator/horizons/minimum', horizons.minimum, `at most the maximum, ${horizons.maximum}`);
  const longest = horizons?.maximum ?? horizon;
  if (longest < unroll) refuse('/training/unroll', unroll, `at most the longest horizon, ${longest}`);
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
  const evolution = evolutionOf(training);
  if (!evolution)
    errors.push({ pointer: '/training/estimator', found: '"bptt"', allowed: `"es", "pes" or "nres": ${why}` });
  if (evolution?.name === 'pes' && evolution.analytic)
    errors.push({ pointer: '/training/estimator/analytic', found: 'true', allowed: `false: ${why}` });
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
