import { meanSquare, positive, type UpdateRule, zeroState } from './rule.js';

/** v ← v + g², θ ← θ - α g / (√v + ε) (Duchi et al. 2011) */
export const adagrad: UpdateRule<'adagrad'> = {
  name: 'adagrad',
  title: 'Adagrad',
  usualRate: 0.1,
  init: (n) => zeroState(n, 1),
  update({ learningRate, epsilon }, gradient, state, update) {
    const [v] = state.vectors as [Float32Array];
    const positiveEpsilon = positive(epsilon);
    state.steps++;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      v[i] = meanSquare(v[i]! + g * g);
      update[i] = (-learningRate * g) / (Math.sqrt(v[i]!) + positiveEpsilon);
    }
  },
};
