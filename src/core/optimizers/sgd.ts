import { type UpdateRule, zeroState } from './rule.js';

/** θ ← θ - α g */
export const sgd: UpdateRule<'sgd'> = {
  name: 'sgd',
  title: 'SGD',
  usualRate: 0.1,
  init: (n) => zeroState(n, 0),
  update({ learningRate }, gradient, state, update) {
    state.steps++;
    for (let i = 0; i < gradient.length; i++) update[i] = -learningRate * gradient[i]!;
  },
};
