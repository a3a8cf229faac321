import type { GroupRule } from '../contract/optimizers.js';
import { ruleOf } from '../core/optimizers/registry.js';
import { sizeOf } from '../weights/tensors.js';
import type { Network, Slot } from './network.js';

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
      const gradient = joined(slots.map((slot) => slot.gradient));
      const theta = joined(slots.map((slot) => slot.value!));
      const update = new Float32Array(gradient.length);
      rule.update(spec, gradient, { vectors, steps }, update, theta, slots);
      let at = 0;
      for (const slot of slots) {
        slot.update.set(update.subarray(at, at + slot.update.length));
        at += slot.update.length;
      }
    },
  };
}

function joined(parts: readonly Slot['gradient'][]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
