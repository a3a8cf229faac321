import { adam } from './adam.js';
import { type UpdateRule, zeroState } from './rule.js';

/** Adam's step, and θ ← θ - α λ θ beside it (Loshchilov and Hutter 2019, "Decoupled weight decay regularization"). */
export const adamw: UpdateRule<'adamw'> = {
  name: 'adamw',
  title: 'AdamW',
  usualRate: 0.01,
  init: (n) => zeroState(n, 2),
  update({ weightDecay, ...spec }, gradient, state, update, theta, tensors) {
    adam.update({ ...spec, name: 'adam' }, gradient, state, update, theta, tensors);
    const shrink = spec.learningRate * weightDecay;
    for (let i = 0; i < update.length; i++) update[i]! -= shrink * theta[i]!;
  },
};
