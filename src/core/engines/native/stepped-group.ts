import { stateFloats } from '../../../contract/engines.js';
import { type Group, isNetwork, sizeOfGroup } from '../../../contract/groups.js';
import { coordinatesOf } from '../../learned/blocks.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { LoadedAddon } from './addon.js';
import type { Descriptor } from './fields.js';
import { SteppedMlp } from './stepped-mlp.js';
import { SteppedNetwork } from './stepped-network.js';
import { SteppedRule } from './stepped-rule.js';
import { lstmOf } from './support.js';

/**
 * A group's optimizer on the group's coordinates, gathered from those of all functions, [B, d], and scattered back. A
 * group of all coordinates has them in order already, and nothing is copied.
 */
export class SteppedGroup {
  private readonly optimizer: SteppedNetwork | SteppedMlp | SteppedRule;
  /** Index in [B, d] of each coordinate of the group; null if the group has all. */
  private readonly places: Int32Array | null;
  /** Coordinates of all functions, B d. */
  private readonly size: number;
  private readonly observed: Float32Array;
  private readonly gradient: Float32Array;
  private readonly theta: Float32Array;

  /** @param hidden the groups' states, one after the other */
  static each(
    native: LoadedAddon,
    groups: readonly Group[],
    batch: FunctionBatch,
    hidden: Float32Array,
    steps: number,
  ): SteppedGroup[] {
    let offset = 0;
    return groups.map((group) => {
      const from = offset;
      offset += SteppedGroup.stateSize(group, batch.count);
      return new SteppedGroup(native, group, batch, hidden.subarray(from, offset), steps);
    });
  }

  /** Floats of state of all groups. */
  static stateSizes(groups: readonly Group[], functions: number): number {
    return groups.reduce((sum, group) => sum + SteppedGroup.stateSize(group, functions), 0);
  }

  private static stateSize(group: Group, functions: number): number {
    if (isNetwork(group)) return stateFloats(group) * functions;
    return SteppedRule.stateSize(group.optimizer) * functions * sizeOfGroup(group);
  }

  /**
   * @param hidden the group's part of the state, written by {@link read}
   * @param steps taken so far
   */
  constructor(
    native: LoadedAddon,
    group: Group,
    { count, dimension }: FunctionBatch,
    hidden: Float32Array,
    steps: number,
  ) {
    const own = coordinatesOf(group);
    const n = count * own.length;
    this.size = count * dimension;
    const { optimizer } = group;
    this.optimizer = !isNetwork(group)
      ? new SteppedRule(native, group, n, hidden, steps)
      : optimizer.name === 'mlp'
        ? new SteppedMlp(native, group, optimizer, count, hidden, steps)
        : new SteppedNetwork(native, lstmOf(group.optimizer), n, hidden, steps === 0);
    this.places =
      own.length === dimension
        ? null
        : Int32Array.from({ length: n }, (_, i) => Math.floor(i / own.length) * dimension + own[i % own.length]!);
    this.observed = new Float32Array(this.places ? n : 0);
    this.gradient = new Float32Array(this.places ? n : 0);
    this.theta = new Float32Array(this.places ? n : 0);
  }

  /** Keeps what {@link back} needs of the next `steps` steps. */
  keep(steps: number): void {
    this.optimizer.keep(steps);
  }

  /**
   * One step of the group's coordinates.
   * @param phi the group's weights
   * @param observed [B, d] ∇f(θ) as the optimizer sees it
   * @param theta [B, d]; the group's coordinates are updated
   * @param gradient [B, d] ∇f(θ)
   * @param rates of a network's step
   */
  async step(
    phi: Float32Array,
    observed: Float32Array,
    theta: Float32Array,
    gradient: Float32Array,
    rates?: Descriptor,
  ): Promise<void> {
    const { optimizer, places } = this;
    if (!places) return optimizer.step(phi, observed, theta, gradient, rates);
    const own = this.gather(theta, this.theta);
    const seen = this.gather(observed, this.observed);
    const counted = gradient === observed ? seen : this.gather(gradient, this.gradient);
    await optimizer.step(phi, seen, own, counted, rates);
    for (let i = 0; i < places.length; i++) theta[places[i]!] = own[i]!;
  }

  /** As {@link SteppedNetwork.back}; empty for a rule. */
  back(phi: Float32Array, lastGradient: Float32Array, weights: readonly number[]): Promise<Float32Array> {
    return this.optimizer.back(phi, this.places ? this.gather(lastGradient, this.gradient) : lastGradient, weights);
  }

  /**
   * As {@link SteppedNetwork.backFrom}; empty for a rule.
   * @param derivatives [steps, B, d]
   */
  backFrom(phi: Float32Array, derivatives: Float32Array): Promise<Float32Array> {
    const { optimizer, places, size } = this;
    if (!places) return optimizer.backFrom(phi, derivatives);
    const { length } = places;
    const own = new Float32Array((derivatives.length / size) * length);
    for (let t = 0; t * size < derivatives.length; t++)
      this.gather(derivatives.subarray(t * size), own.subarray(t * length, (t + 1) * length));
    return optimizer.backFrom(phi, own);
  }

  /** Writes the group's state into its array. */
  read(): void {
    this.optimizer.read();
  }

  dispose(): void {
    this.optimizer.dispose();
  }

  private gather(all: Float32Array, own: Float32Array): Float32Array {
    const places = this.places!;
    for (let i = 0; i < own.length; i++) own[i] = all[places[i]!]!;
    return own;
  }
}
