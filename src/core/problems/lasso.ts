import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Problem } from './problem.js';
import { times, transposedTimes } from './products.js';

/**
 * f(x) = ½ |Ax - b|² + λ |x|₁, ∇f = Aᵀ(Ax - b) + λ sgn x, A, b, x0 ~ N(0, 1) (Chen et al. 2022, arXiv 2103.12828).
 * Between the kinks at 0 the Hessian is AᵀA.
 */
export const lasso: Problem<'lasso'> = {
  name: 'lasso',
  shapes: ({ rows, columns }) => ({ A: [rows, columns], b: [rows] }),
  sample(_spec, random, { A, b }, start) {
    for (const array of [A!, b!, start]) random.fillNormal(array);
  },
  evaluate(tf, { A, b }, x, { l1 }) {
    const residual = tf.sub<Tensor2D>(times(tf, A!, x), b!);
    const squares = tf.mul(tf.sum(tf.square(residual), 1), 0.5);
    return {
      losses: tf.add<Tensor1D>(squares, tf.mul(tf.sum(tf.abs(x), 1), l1)),
      gradient: tf.add(transposedTimes(tf, A!, residual), tf.mul(tf.sign(x), l1)),
    };
  },
  hessianProduct: (tf, { A }, _x, v) => transposedTimes(tf, A!, times(tf, A!, v)),
};
