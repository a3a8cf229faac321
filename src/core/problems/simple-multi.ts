import type { Problem } from './problem.js';

/** f(x) = Σ x_i², x_i = 1 at the start (deepmind/learning-to-learn, `simple-multi`). Every function is the same. */
export const simpleMulti: Problem<'simple-multi'> = {
  name: 'simple-multi',
  shapes: () => ({}),
  sample(_spec, _random, _data, start) {
    start.fill(1);
  },
  evaluate: (tf, _data, theta) => ({ losses: tf.sum(tf.square(theta), 1), gradient: tf.mul(theta, 2) }),
  hessianProduct: (tf, _data, _theta, v) => tf.mul(v, 2),
};
