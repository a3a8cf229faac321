import type { RuleGroup } from '../../../contract/groups.js';
import type { GroupRule } from '../../../contract/optimizers.js';
import { ruleOf } from '../../optimizers/registry.js';
import type { RuleState } from '../../optimizers/rule.js';
import type { LoadedAddon } from './addon.js';
import type { Descriptor } from './fields.js';

/**
 * A hand-designed rule on a group's n coordinates, used like `SteppedNetwork`. It has no weights, so its backward pass is
 * empty.
 */
export class SteppedRule {
  private readonly state: RuleState;
  private readonly update: Float32Array;

  /** Floats of state per coordinate. */
  static stateSize(spec: GroupRule): number {
    return ruleOf(spec).init(0).vectors.length;
  }

  /**
   * @param hidden the rule's vectors one after the other, written at each step
   * @param steps taken so far
   */
  constructor(
    private readonly native: LoadedAddon,
    private readonly group: RuleGroup,
    n: number,
    hidden: Float32Array,
    steps: number,
  ) {
    const { vectors } = ruleOf(group.optimizer).init(n);
    if (steps === 0) for (const [i, vector] of vectors.entries()) hidden.set(vector, i * n);
    this.state = { vectors: vectors.map((_, i) => hidden.subarray(i * n, (i + 1) * n)), steps };
    this.update = new Float32Array(n);
  }

  keep(): void {}

  /** Its state is in the array that it was given. */
  read(): void {}

  dispose(): void {}

  /** @param _rates do not apply: a rule has a rate of its own */
  async step(
    _phi: Float32Array,
    observed: Float32Array,
    theta: Float32Array,
    _gradient: Float32Array,
    _rates?: Descriptor,
  ): Promise<void> {
    const { native, state, update } = this;
    const { optimizer, parameters } = this.group;
    ruleOf(optimizer).update(optimizer, observed, state, update, theta, parameters, native.addon.orthogonalise);
    for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!;
  }

  async back(): Promise<Float32Array> {
    return new Float32Array(0);
  }

  async backFrom(): Promise<Float32Array> {
    return new Float32Array(0);
  }
}
