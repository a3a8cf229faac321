import { meanSquare, positive, type UpdateRule, zeroState } from './rule.js';

/** Kingma and Ba 2015, algorithm 1, with bias correction. */
export const adam: UpdateRule<'adam'> = {
  name: 'adam',
  title: 'Adam',
  usualRate: 0.01,
  init: (n) => zeroState(n, 2),
  update({ learningRate, beta1, beta2, epsilon }, gradient, state, update) {
    const [m, v] = state.vectors as [Float32Array, Float32Array];
    const positiveEpsilon = positive(epsilon);
    state.steps++;
    const correction1 = 1 - beta1 ** state.steps;
    const correction2 = 1 - beta2 ** state.steps;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = meanSquare(beta2 * v[i]! + (1 - beta2) * g * g);
      update[i] = (-learningRate * (m[i]! / correction1)) / (Math.sqrt(v[i]! / correction2) + positiveEpsilon);
    }
  },
};
