import { type UpdateRule, zeroState } from './rule.js';

/** v ← μ v - α g, θ ← θ + μ v - α g (Nesterov 1983, in the form of Sutskever et al. 2013) */
export const nag: UpdateRule<'nag'> = {
  name: 'nag',
  title: 'NAG',
  usualRate: 0.01,
  init: (n) => zeroState(n, 1),
  update({ learningRate, momentum }, gradient, state, update) {
    const [v] = state.vectors as [Float32Array];
    state.steps++;
    for (let i = 0; i < gradient.length; i++) {
      const descent = learningRate * gradient[i]!;
      v[i] = momentum * v[i]! - descent;
      update[i] = momentum * v[i]! - descent;
    }
  },
};
