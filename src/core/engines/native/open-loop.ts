import { groupsOf, isNetwork } from '../../../contract/groups.js';
import type { LearnedSpec } from '../../../contract/optimizers.js';
import { weightsByGroup } from '../../../weights/shapes.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { OpenLoop, OpenLoopState } from '../engine.js';
import type { LoadedAddon } from './addon.js';
import { SteppedGroup } from './stepped-group.js';

/** All groups; only those with networks take steps. */
export class NativeOpenLoop implements OpenLoop {
  private readonly groups;
  private readonly parts: SteppedGroup[];
  private readonly hidden: Float32Array;
  /** Steps taken. */
  private step: number;

  constructor(
    native: LoadedAddon,
    optimizer: LearnedSpec,
    private readonly batch: FunctionBatch,
    state?: OpenLoopState,
  ) {
    this.step = state?.step ?? 0;
    this.groups = groupsOf(optimizer, batch.problem);
    this.hidden = new Float32Array(SteppedGroup.stateSizes(this.groups, batch.count));
    if (state) this.hidden.set(state.hidden);
    this.parts = SteppedGroup.each(native, this.groups, batch, this.hidden, this.step);
  }

  async backPropagate(
    phi: Float32Array,
    observed: Float32Array,
    derivativesOf: (updates: Float32Array) => Float32Array,
  ): Promise<Float32Array> {
    const { groups, parts, batch } = this;
    const size = batch.count * batch.dimension;
    const steps = observed.length / size;
    const slices = weightsByGroup(groups, phi);
    for (const part of parts) part.keep(steps);
    // A step from θ = 0 equals its update.
    const updates = new Float32Array(observed.length);
    for (let at = 0; at < observed.length; at += size) {
      const seen = observed.subarray(at, at + size);
      const update = updates.subarray(at, at + size);
      for (const [i, part] of parts.entries())
        if (isNetwork(groups[i]!)) await part.step(slices[i]!, seen, update, seen);
    }
    this.step += steps;
    const derivatives = derivativesOf(updates);
    const gradient = new Float32Array(phi.length);
    for (const [i, own] of weightsByGroup(groups, gradient).entries())
      own.set(await parts[i]!.backFrom(slices[i]!, derivatives));
    return gradient;
  }

  async state(): Promise<OpenLoopState> {
    for (const part of this.parts) part.read();
    return { hidden: this.hidden, step: this.step };
  }

  dispose(): void {
    for (const part of this.parts) part.dispose();
  }
}
