import { type EvolutionSpec, evolutionOf } from '../../contract/estimators.js';
import type { RunEvent, RunEventOf } from '../../contract/events.js';
import { isNetworkSpec, networkContract } from '../../contract/networks/networks.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import type { TrainingState } from './state.js';

/** What was not finite; "moments" are the meta-optimizer's, for a finite meta-gradient. */
export type Failure = RunEventOf<'diverged'>['where'] | 'moments';

/** The event that ends a training: what was not finite, which weights are kept, and what may help. */
export function divergence(
  spec: MetatrainSpec,
  { iteration, bestIteration }: Pick<TrainingState, 'iteration' | 'bestIteration'>,
  failure: Failure,
  step: number | null,
): RunEvent {
  const what = {
    loss: `the loss at step ${step} is not finite`,
    'meta-gradient': 'the meta-gradient is not finite',
    moments:
      'the meta-gradient is so large that Adam’s mean of its squares overflows fp32: its weights would stop moving',
    weights: 'a weight is not finite',
    validation: 'the loss of every validation is not finite',
  }[failure];
  const kept =
    bestIteration < 0
      ? 'no earlier weights had a finite validation loss'
      : `the best earlier weights, of meta-iteration ${bestIteration}, are kept`;
  const message = `Meta-iteration ${iteration}: ${what}; ${kept}. ${sentence(remedies(spec, iteration, failure))}`;
  return { type: 'diverged', iteration, where: failure === 'moments' ? 'meta-gradient' : failure, step, message };
}

/** Fields that contributed, and how to change them; none that is already set so. */
function remedies({ optimizer, training }: MetatrainSpec, iteration: number, failure: Failure): string[] {
  const { clipNorm, curriculum, imitation, inner } = training;
  const evolution = evolutionOf(training);
  // Before the meta-optimizer's first step, its fields have no effect.
  const rate = iteration > 0 ? ['a lower training.learningRate'] : [];
  const clip = iteration > 0 && clipNorm === null ? ['a training.clipNorm'] : [];
  const grouped = optimizer.name === 'groups';
  const parts = grouped ? optimizer.groups.map((group) => group.optimizer) : [optimizer];
  const scales = new Set(parts.filter(isNetworkSpec).flatMap((network) => networkContract(network).scaledBy ?? []));
  const scale = [...scales].map(
    (field) => `a smaller ${grouped ? `${field} in optimizer.groups` : `optimizer.${field}`}`,
  );
  const ruled = !parts.every(isNetworkSpec);
  const rules = ruled ? ['a lower learningRate of the rules in optimizer.groups'] : [];
  const used = inner ? ['a lower training.inner.learningRate'] : [];
  const imitated = imitation !== null && iteration < imitation.iterations;
  const stage = curriculum.findLastIndex(({ from }) => from <= iteration);
  switch (failure) {
    case 'loss':
      // θ follows the imitated rule, whatever the networks' updates.
      return imitated ? ['a lower training.imitation.rule.learningRate'] : [...rate, ...rules, ...clip, ...scale];
    case 'meta-gradient':
      if (imitated)
        return [
          ...rate,
          'a higher training.imitation.rule.learningRate (errors are measured in units of it)',
          ...scale,
        ];
      if (evolution) return [...rate, ...clip, limitOf(evolution), ...scale];
      return [...rate, ...clip, `a shorter training.${stage < 0 ? '' : `curriculum[${stage}].`}unroll`, ...scale];
    case 'moments':
      return ['a training.clipNorm, such as 1,'];
    case 'weights':
      return ['a lower training.learningRate'];
    case 'validation':
      return [...rate, ...used, ...rules, ...clip, 'a shorter training.validation.horizon', ...scale];
  }
}

/** Differences of losses are finite, unless the losses may be large. */
function limitOf({ maximumLoss }: EvolutionSpec): string {
  return maximumLoss === null ? 'a training.estimator.maximumLoss' : 'a lower training.estimator.maximumLoss';
}

/** "A lower this, a that or a smaller one may help." */
function sentence(remedies: readonly string[]): string {
  const text = [remedies.slice(0, -1).join(', '), ...remedies.slice(-1)].filter((part) => part !== '').join(' or ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} may help.`;
}
