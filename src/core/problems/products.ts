import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Tf } from './problem.js';

/** A x for each function: A [B, rows, columns], x [B, columns]. */
export function times(tf: Tf, A: Tensor, x: Tensor2D): Tensor2D {
  return tf.squeeze(tf.matMul(A, tf.expandDims(x, 2)), [2]);
}

/** Aᵀ x for each function: A [B, rows, columns], x [B, rows]. */
export function transposedTimes(tf: Tf, A: Tensor, x: Tensor2D): Tensor2D {
  return tf.squeeze(tf.matMul(A, tf.expandDims(x, 2), true), [2]);
}
