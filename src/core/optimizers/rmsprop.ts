import { meanSquare, positive, type UpdateRule, zeroState } from './rule.js';

/** v ← ρ v + (1 - ρ) g², θ ← θ - α g / (√v + ε) (Tieleman and Hinton 2012) */
export const rmsprop: UpdateRule<'rmsprop'> = {
  name: 'rmsprop',
  title: 'RMSProp',
  usualRate: 0.01,
  init: (n) => zeroState(n, 1),
  update({ learningRate, decay, epsilon }, gradient, state, update) {
    const [v] = state.vectors as [Float32Array];
    const positiveEpsilon = positive(epsilon);
    state.steps++;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      v[i] = meanSquare(decay * v[i]! + (1 - decay) * g * g);
      update[i] = (-learningRate * g) / (Math.sqrt(v[i]!) + positiveEpsilon);
    }
  },
};
