import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Problem } from './problem.js';
import { times, transposedTimes } from './products.js';

/**
 * f(x) = |Wx - y|², ∇f = 2 Wᵀ(Wx - y). With "uniform", W, y ~ U[0, 1) and x0 ~ N(0, 0.01²), as in
 * deepmind/learning-to-learn; with "normal", W, y ~ N(0, 1) and x0 = 0, as in arXiv 1606.04474.
 * A function's gradient is not divided by the number of functions in the batch.
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
    const residual = tf.sub<Tensor2D>(times(tf, W!, theta), y!);
    return { losses: tf.sum(tf.square(residual), 1), gradient: tf.mul(transposedTimes(tf, W!, residual), 2) };
  },
  hessianProduct: (tf, { W }, _theta, v) => tf.mul(transposedTimes(tf, W!, times(tf, W!, v)), 2),
};
