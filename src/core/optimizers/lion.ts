import { type UpdateRule, zeroState } from './rule.js';

/**
 * θ ← θ - α (sgn(β1 m + (1 - β1) g) + λ θ), then m ← β2 m + (1 - β2) g (Chen et al. 2023, "Symbolic discovery of
 * optimization algorithms", program 1).
 */
export const lion: UpdateRule<'lion'> = {
  name: 'lion',
  title: 'Lion',
  usualRate: 0.003,
  init: (n) => zeroState(n, 1),
  update({ learningRate, beta1, beta2, weightDecay }, gradient, state, update, theta) {
    const [m] = state.vectors as [Float32Array];
    state.steps++;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      const direction = Math.sign(beta1 * m[i]! + (1 - beta1) * g);
      m[i] = beta2 * m[i]! + (1 - beta2) * g;
      update[i] = -learningRate * (direction + weightDecay * theta[i]!);
    }
  },
};
