import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { type ProblemSpec, parametersOf } from '../../contract/problems.js';
import type { Tf } from './problem.js';

/** Building blocks of classifiers. Tensors of B functions are [B, batch, units]. */

/**
 * The problem's parameters, by name, each [B, ...shape].
 * @param theta [B, d]
 */
export function tensorsOf(tf: Tf, theta: Tensor2D, problem: ProblemSpec): Record<string, Tensor> {
  const [count] = theta.shape;
  let offset = 0;
  const tensors = parametersOf(problem).map(({ name, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const part = tf.slice(theta, [0, offset], [count, size]);
    offset += size;
    return [name, tf.reshape(part, [count, ...shape])] as const;
  });
  return Object.fromEntries(tensors);
}

/** Mean over the batch of log Σ exp z - z_label, [B], and softmax z. The largest z is subtracted first, as exp could overflow. */
export function crossEntropy(tf: Tf, labels: Tensor3D, logits: Tensor3D) {
  const shifted = tf.sub<Tensor3D>(logits, tf.max(logits, 2, true));
  const exponentials = tf.exp(shifted);
  const total = tf.sum(exponentials, 2, true);
  const losses = tf.sub(tf.log(total), tf.sum(tf.mul(shifted, labels), 2, true));
  return { losses: tf.mean<Tensor1D>(losses, [1, 2]), probabilities: tf.div<Tensor3D>(exponentials, total) };
}

export function dLogits(tf: Tf, labels: Tensor3D, probabilities: Tensor3D): Tensor3D {
  return tf.div(tf.sub(probabilities, labels), labels.shape[1]);
}
