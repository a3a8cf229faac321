import { type UpdateRule, zeroState } from './rule.js';

/** v ← μ v - α g, θ ← θ + v (Polyak 1964) */
export const momentum: UpdateRule<'momentum'> = {
  name: 'momentum',
  title: 'Momentum',
  usualRate: 0.01,
  init: (n) => zeroState(n, 1),
  update({ learningRate, momentum }, gradient, state, update) {
    const [v] = state.vectors as [Float32Array];
    state.steps++;
    for (let i = 0; i < gradient.length; i++) {
      v[i] = momentum * v[i]! - learningRate * gradient[i]!;
      update[i] = v[i]!;
    }
  },
};
