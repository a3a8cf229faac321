import { coordinates } from '../../contract/problems.js';
import type { Problem } from './problem.js';

/**
 * The functions of another problem; an optimizer sees ∇f(θ_t) + ε_t, ε_t ~ N(0, deviation²) (Wichrowska et al. 2017,
 * arXiv 1703.04813). ε_t does not depend on θ, so the Hessian is that of f.
 */
export const noisy: Problem<'noisy'> = {
  name: 'noisy',
  shapes: () => ({}),
  sample() {},
  everyStep: {
    shapes: (spec) => ({ noise: [coordinates(spec)] }),
    sample({ deviation }, random, { noise }) {
      random.fillNormal(noise!, 0, deviation);
    },
  },
  evaluate(tf, { noise }, theta, _spec, [inner]) {
    const { losses, gradient, observed = gradient } = inner!.evaluate(theta);
    return { losses, gradient, observed: tf.add(observed, noise!) };
  },
  hessianProduct: (_tf, _data, theta, v, _spec, [inner]) => inner!.hessianProduct(theta, v),
};
