import type { EpisodeState } from '../../../engines/engine.js';
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
  const joined = (part: 'theta' | 'hidden') => {
    const all = new Float32Array(states.reduce((sum, state) => sum + state[part].length, 0));
    let offset = 0;
    for (const state of states) {
      all.set(state[part], offset);
      offset += state[part].length;
    }
    return all;
  };
  return asState<PackedStates>({
    steps: Int32Array.from(states, ({ step }) => step),
    sizes: Int32Array.from(states.flatMap(({ theta, hidden }) => [theta.length, hidden.length])),
    theta: joined('theta'),
    hidden: joined('hidden'),
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
