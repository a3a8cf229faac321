import type { GroupRule } from '../contract/optimizers.js';
import { ruleOf } from '../core/optimizers/registry.js';
import { sizeOf } from '../weights/tensors.js';
import type { Network } from './network.js';

/** A hand-designed optimizer of a group, in a network's place: it has no weights, and its own learning rate. */
export function ruleNetwork(spec: GroupRule): Network {
  const rule = ruleOf(spec);
  return {
    usualRate: 1,
    seesValues: true,

    state(shapes) {
      const n = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
      return [...rule.init(n).vectors];
    },

    step(slots, vectors, steps) {
      let at = 0;
      for (const slot of slots) {
        const { gradient, value, update } = slot;
        const own = vectors.map((vector) => vector.subarray(at, at + update.length));
        at += update.length;
        if (gradient) rule.update(spec, gradient, { vectors: own, steps }, update, value!, [slot]);
      }
    },
  };
}
