import { type Group, isNetwork, sizeOfGroup } from '../../../contract/groups.js';
import { coordinatesOf } from '../../learned/blocks.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { LoadedAddon } from './addon.js';
import { stateSize } from './states.js';
import { SteppedNetwork } from './stepped-network.js';
import { SteppedRule } from './stepped-rule.js';

/**
 * A group at work: its coordinates are gathered from those of all functions, [B, d], and scattered back. Where they are
 * all of them, they lie in the group's order already, and nothing is copied.
 */
export class SteppedGroup {
  private readonly optimizer: SteppedNetwork | SteppedRule;
  /** Where in [B, d] each coordinate of the group is; null where it is all of them. */
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

  /** Numbers that the groups' states take. */
  static stateSizes(groups: readonly Group[], functions: number): number {
    return groups.reduce((sum, group) => sum + SteppedGroup.stateSize(group, functions), 0);
  }

  private static stateSize(group: Group, functions: number): number {
    const each = isNetwork(group) ? stateSize(group.optimizer) : SteppedRule.stateSize(group.optimizer);
    return each * functions * sizeOfGroup(group);
  }

  /**
   * @param hidden the group's part of the state, written at each step
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
    this.optimizer = isNetwork(group)
      ? new SteppedNetwork(native, group.optimizer, n, hidden, steps === 0)
      : new SteppedRule(group.optimizer, n, hidden, steps);
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
   * @param phi the group's own
   * @param observed [B, d], what it sees of ∇f(θ)
   * @param theta [B, d], of which the group's coordinates move
   * @param gradient [B, d] ∇f(θ)
   */
  async step(phi: Float32Array, observed: Float32Array, theta: Float32Array, gradient: Float32Array): Promise<void> {
    const { optimizer, places } = this;
    if (!places) return optimizer.step(phi, observed, theta, gradient);
    const own = this.gather(theta, this.theta);
    const seen = this.gather(observed, this.observed);
    await optimizer.step(phi, seen, own, gradient === observed ? seen : this.gather(gradient, this.gradient));
    for (let i = 0; i < places.length; i++) theta[places[i]!] = own[i]!;
  }

  /** As of {@link SteppedNetwork.back}; of a rule, nothing. */
  back(phi: Float32Array, lastGradient: Float32Array, weights: readonly number[]): Promise<Float32Array> {
    return this.optimizer.back(phi, this.places ? this.gather(lastGradient, this.gradient) : lastGradient, weights);
  }

  /**
   * As of {@link SteppedNetwork.backFrom}; of a rule, nothing.
   * @param slopes [steps, B, d]
   */
  backFrom(phi: Float32Array, slopes: Float32Array): Promise<Float32Array> {
    const { optimizer, places, size } = this;
    if (!places) return optimizer.backFrom(phi, slopes);
    const { length } = places;
    const own = new Float32Array((slopes.length / size) * length);
    for (let t = 0; t * size < slopes.length; t++)
      this.gather(slopes.subarray(t * size), own.subarray(t * length, (t + 1) * length));
    return optimizer.backFrom(phi, own);
  }

  private gather(all: Float32Array, own: Float32Array): Float32Array {
    const places = this.places!;
    for (let i = 0; i < own.length; i++) own[i] = all[places[i]!]!;
    return own;
  }
}
