import type { EpisodeState } from '../../../engines/engine.js';
import { joined } from '../../../problems/joined.js';
import { asState, type StateTree } from '../../../state-tree.js';

/** States of many episodes in a few vectors. */
interface PackedStates {
  readonly steps: Int32Array;
  /** Floats of θ and of the optimizer's state, per episode. */
  readonly sizes: Int32Array;
  readonly theta: Float32Array;
  readonly hidden: Float32Array;
}

export function packStates(states: readonly EpisodeState[]): StateTree {
  return asState<PackedStates>({
    steps: Int32Array.from(states, ({ step }) => step),
    sizes: Int32Array.from(states.flatMap(({ theta, hidden }) => [theta.length, hidden.length])),
    theta: joined(states.map(({ theta }) => theta)),
    hidden: joined(states.map(({ hidden }) => hidden)),
  });
}

export function unpackStates(packed: StateTree): EpisodeState[] {
  const { steps, sizes, theta, hidden } = packed as unknown as PackedStates;
  let [ofTheta, ofHidden] = [0, 0];
  return Array.from(steps, (step, i) => {
    const [floats, others] = [sizes[2 * i]!, sizes[2 * i + 1]!];
    const state = {
      theta: theta.slice(ofTheta, ofTheta + floats),
      hidden: hidden.slice(ofHidden, ofHidden + others),
      step,
    };
    ofTheta += floats;
    ofHidden += others;
    return state;
  });
}
