import { type UpdateRule, zeroState } from './rule.js';

/**
 * Defazio et al. 2024, "The road less scheduled", equations 3 to 5, with a constant rate and no warm-up: the gradient is
 * taken at y = (1 - β) z + β x; z ← z - α ∇f(y); x is the mean of the z so far. θ is x, which the method returns.
 *
 * The state is z - x, 0 at first.
 */
export const scheduleFreeSgd: UpdateRule<'schedule-free-sgd'> = {
  name: 'schedule-free-sgd',
  title: 'Schedule-free SGD',
  usualRate: 0.1,
  init: (n) => zeroState(n, 1),
  gradientPoint: ({ beta }, theta, { vectors: [ahead] }, point) => leadingPoint(theta, ahead!, 1 - beta, point),
  update({ learningRate }, gradient, state, update) {
    const [ahead] = state.vectors as [Float32Array];
    const share = 1 / ++state.steps;
    for (let i = 0; i < gradient.length; i++) {
      // z_{t+1} - x_t, of which x moves by its share.
      const lead = ahead[i]! - learningRate * gradient[i]!;
      update[i] = share * lead;
      ahead[i] = (1 - share) * lead;
    }
  },
};

/** y = x + (1 - β) (z - x) */
export function leadingPoint(theta: Float32Array, ahead: Float32Array, share: number, point: Float32Array): void {
  for (let i = 0; i < theta.length; i++) point[i] = theta[i]! + share * ahead[i]!;
}
