import { evolutionOf } from '../../contract/estimators.js';
import type { MetatrainSpec } from '../../contract/spec.js';
import { unmovedTensors } from '../learned/unmoved.js';
import type { Behaviour } from './probe.js';
import type { GradientNorms, TrainingState } from './state.js';

/** Meta-iterations within which every tensor moves, also those behind an output initialised to 0. */
const enough = 10;

/** Maximum number of tensors named in a message. */
const named = 4;

/** Visible causes that keep an optimizer from learning, one sentence each. */
export class Causes {
  /** Whether every tensor of φ has moved, and need not be checked again. */
  private moved = false;

  constructor(private readonly spec: MetatrainSpec) {}

  of({ iteration, phi, gradients }: TrainingState, { overflowed }: Behaviour): string[] {
    const causes = [...vanished(this.spec, gradients), ...cut(this.spec, gradients), ...this.still(iteration, phi)];
    return overflowed ? [...causes, 'States of the optimizer overflowed on validation functions.'] : causes;
  }

  private still(iteration: number, phi: Float32Array): string[] {
    if (this.moved || iteration < enough) return [];
    const { optimizer, problem, seed } = this.spec;
    const unmoved = unmovedTensors(optimizer, problem, seed, phi);
    if (unmoved === 'all') return ['No weight has changed since training began.'];
    this.moved = unmoved.length === 0;
    return this.moved ? [] : [`Weights that have not changed since training began: ${listed(unmoved)}.`];
  }
}

/** Whether the meta-gradient was 0 in at least half of the meta-iterations since the last validation. */
function vanished({ training }: MetatrainSpec, { norms }: GradientNorms): string[] {
  const zeros = norms.filter((norm) => norm === 0).length;
  if (zeros === 0 || 2 * zeros < norms.length) return [];
  const when = zeros === norms.length ? `all of the last ${zeros}` : `${zeros} of the last ${norms.length}`;
  const why =
    training.objective === 'log'
      ? 'training.objective "log" gives losses below 0 no gradient'
      : 'the meta-loss did not depend on the weights';
  return [`The meta-gradient was exactly 0 in ${when} meta-iterations: ${why}.`];
}

/** Whether evolution strategies replaced at least half of the losses since the last validation. */
function cut({ training }: MetatrainSpec, { iterations, replaced = 0 }: GradientNorms): string[] {
  const evolution = evolutionOf(training);
  const losses = iterations * 2 * training.functions * (training.unroll + 1);
  if (!evolution || losses === 0 || 2 * replaced < losses) return [];
  const { maximumLoss } = evolution;
  const which =
    maximumLoss === null ? 'not finite' : `above training.estimator.maximumLoss, ${maximumLoss}, or not finite`;
  const share = Math.floor((100 * replaced) / losses);
  return [`${share} % of the training losses were ${which}: they count as equal, and have no meta-gradient.`];
}

function listed(names: readonly string[]): string {
  const rest = names.length - named;
  return rest > 0 ? `${names.slice(0, named).join(', ')} and ${rest} more` : names.join(', ');
}
