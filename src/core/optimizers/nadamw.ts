import { meanSquare, positive, type UpdateRule, zeroState } from './rule.js';

/**
 * Adam with Nesterov's momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam", algorithm 2) and decoupled weight
 * decay, as `nadamw` of Optax 0.2.8: β1 is constant, and v̂ is Adam's, without the paper's further factor β2.
 *
 *     m̂ = β1 m_t / (1 - β1^(t+1)) + (1 - β1) g_t / (1 - β1^t)      θ ← θ - α (m̂ / (√v̂ + ε) + λ θ),  t = 1, 2, …
 */
export const nadamw: UpdateRule<'nadamw'> = {
  name: 'nadamw',
  title: 'NAdamW',
  usualRate: 0.01,
  init: (n) => zeroState(n, 2),
  update({ learningRate, beta1, beta2, epsilon, weightDecay }, gradient, state, update, theta) {
    const [m, v] = state.vectors as [Float32Array, Float32Array];
    const positiveEpsilon = positive(epsilon);
    state.steps++;
    const ofMean = beta1 / (1 - beta1 ** (state.steps + 1));
    const ofGradient = (1 - beta1) / (1 - beta1 ** state.steps);
    const correction2 = 1 - beta2 ** state.steps;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = meanSquare(beta2 * v[i]! + (1 - beta2) * g * g);
      const direction = (ofMean * m[i]! + ofGradient * g) / (Math.sqrt(v[i]! / correction2) + positiveEpsilon);
      update[i] = -learningRate * (direction + weightDecay * theta[i]!);
    }
  },
};
