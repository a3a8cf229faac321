import { meanSquare, positive, type UpdateRule, zeroState } from './rule.js';
import { leadingPoint } from './schedule-free-sgd.js';

/**
 * Defazio et al. 2024, "The road less scheduled", algorithm 1, without warm-up: as schedule-free SGD, with
 * z ← z - α (g / (√v̂ + ε) + λ y), v̂ as in Adam.
 */
export const scheduleFreeAdamw: UpdateRule<'schedule-free-adamw'> = {
  name: 'schedule-free-adamw',
  title: 'Schedule-free AdamW',
  usualRate: 0.01,
  init: (n) => zeroState(n, 2),
  gradientPoint: ({ beta1 }, theta, { vectors: [ahead] }, point) => leadingPoint(theta, ahead!, 1 - beta1, point),
  update({ learningRate, beta1, beta2, epsilon, weightDecay }, gradient, state, update, theta) {
    const [ahead, v] = state.vectors as [Float32Array, Float32Array];
    const positiveEpsilon = positive(epsilon);
    const share = 1 / ++state.steps;
    const correction = 1 - beta2 ** state.steps;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      v[i] = meanSquare(beta2 * v[i]! + (1 - beta2) * g * g);
      const y = theta[i]! + (1 - beta1) * ahead[i]!;
      const descent = g / (Math.sqrt(v[i]! / correction) + positiveEpsilon) + weightDecay * y;
      const lead = ahead[i]! - learningRate * descent;
      update[i] = share * lead;
      ahead[i] = (1 - share) * lead;
    }
  },
};
