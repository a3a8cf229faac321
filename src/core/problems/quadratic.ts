import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Problem, Tf } from './problem.js';

/**
 * f(x) = |Wx - y|², ∇f = 2 Wᵀ(Wx - y). With "uniform", W, y ~ U[0, 1) and x0 ~ N(0, 0.01²), as in
 * deepmind/learning-to-learn; with "normal", W, y ~ N(0, 1) and x0 = 0, as in arXiv 1606.04474.
 * A function's gradient is its own: it is not divided by the number of functions side by side.
 */
export const quadratic: Problem<'quadratic'> = {
  name: 'quadratic',
  shapes: ({ dimension }) => ({ W: [dimension, dimension], y: [dimension] }),
  sample(spec, random, { W, y }, start) {
    if (spec.distribution === 'uniform') {
      random.fillUniform(W!);
      random.fillUniform(y!);
      random.fillNormal(start, 0, 0.01);
    } else {
      random.fillNormal(W!);
      random.fillNormal(y!);
      start.fill(0);
    }
  },
  evaluate(tf, { W, y }, theta) {
    const residual = tf.sub(apply(tf, W!, theta, false), y!);
    return { losses: tf.sum(tf.square(residual), 1), gradient: tf.mul(apply(tf, W!, residual as Tensor2D, true), 2) };
  },
  hessianProduct: (tf, { W }, _theta, v) => tf.mul(apply(tf, W!, apply(tf, W!, v, false), true), 2),
};

/** W x or Wᵀ x for each function: W [B, d, d], x [B, d]. */
function apply(tf: Tf, W: Tensor, x: Tensor2D, transpose: boolean): Tensor2D {
  return tf.squeeze(tf.matMul(W, tf.expandDims(x, 2), transpose, false), [2]);
}
