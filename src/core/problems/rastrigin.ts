import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Problem } from './problem.js';
import { times, transposedTimes } from './products.js';

/**
 * f(x) = |Ax - b|² - α Σ c_i cos(2π x_i) + α d, ∇f = 2 Aᵀ(Ax - b) + 2π α c∘sin(2π x), A, b, c, x0 ~ N(0, 1) (Cao et al.
 * 2019).
 */
export const rastrigin: Problem<'rastrigin'> = {
  name: 'rastrigin',
  shapes: ({ dimension }) => ({ A: [dimension, dimension], b: [dimension], c: [dimension] }),
  sample(_spec, random, { A, b, c }, start) {
    for (const array of [A!, b!, c!, start]) random.fillNormal(array);
  },
  evaluate(tf, { A, b, c }, x, { alpha, dimension }) {
    const residual = tf.sub<Tensor2D>(times(tf, A!, x), b!);
    const angle = tf.mul<Tensor2D>(x, 2 * Math.PI);
    const ripples = tf.sum<Tensor1D>(tf.mul(c!, tf.cos(angle)), 1);
    const bowl = tf.sum<Tensor1D>(tf.square(residual), 1);
    return {
      losses: tf.add(tf.sub(bowl, tf.mul(ripples, alpha)), alpha * dimension),
      gradient: tf.add(
        tf.mul(transposedTimes(tf, A!, residual), 2),
        tf.mul(tf.mul(c!, tf.sin(angle)), 2 * Math.PI * alpha),
      ),
    };
  },
  hessianProduct(tf, { A, c }, x, v, { alpha }) {
    const bowl = tf.mul<Tensor2D>(transposedTimes(tf, A!, times(tf, A!, v)), 2);
    const curvature = tf.mul(tf.mul(c!, tf.cos(tf.mul(x, 2 * Math.PI))), 4 * Math.PI ** 2 * alpha);
    return tf.add(bowl, tf.mul(curvature, v));
  },
};
