import type { Problem } from './problem.js';

/** f(x) = Σ (s∘x)², s ~ U(0.5, 1.5), x0 ~ U(-1, 1): ∇f = 2 s² x. */
export const parabola: Problem<'parabola'> = {
  name: 'parabola',
  shapes: (spec) => ({ s: [spec.dimension] }),
  sample(_spec, random, { s }, start) {
    random.fillUniform(s!, 0.5, 1.5);
    random.fillUniform(start, -1, 1);
  },
  evaluate(tf, { s }, theta) {
    const scaled = tf.mul(s!, theta);
    return { losses: tf.sum(tf.square(scaled), 1), gradient: tf.mul(tf.mul(scaled, s!), 2) };
  },
  hessianProduct: (tf, { s }, _theta, v) => tf.mul(tf.mul(tf.square(s!), v), 2),
};
