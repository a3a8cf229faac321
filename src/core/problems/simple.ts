import type { Problem } from './problem.js';

/** f(x) = x², x0 = 1 (deepmind/learning-to-learn, `simple`). Every function of the family is the same. */
export const simple: Problem<'simple'> = {
  name: 'simple',
  shapes: () => ({}),
  sample(_spec, _random, _data, start) {
    start.fill(1);
  },
  evaluate: (tf, _data, theta) => ({ losses: tf.sum(tf.square(theta), 1), gradient: tf.mul(theta, 2) }),
  hessianProduct: (tf, _data, _theta, v) => tf.mul(v, 2),
};
