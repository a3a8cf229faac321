import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { RandomStream } from '../random/random.js';
import type { Problem, Tf } from './problem.js';
import { times, transposedTimes } from './products.js';

/**
 * Logistic regression with a penalty λ/2 |w|² on data of two Gaussians, drawn for each function (after Li and Malik 2016,
 * arXiv 1606.01885). With p = σ(Xw + b), ∇f = (Xᵀ(p - y)/n + λ w, mean of p - y).
 */
export const logistic: Problem<'logistic'> = {
  name: 'logistic',
  shapes: ({ features, examples }) => ({ X: [examples, features], y: [examples] }),
  sample({ features, examples }, random, { X, y }, start) {
    const half = Math.floor(examples / 2);
    drawClass(random, X!.subarray(0, half * features), features);
    drawClass(random, X!.subarray(half * features), features);
    y!.fill(1, half);
    random.fillNormal(start);
  },
  evaluate(tf, { X, y }, theta, { examples, l2 }) {
    const { w, z } = scores(tf, X!, theta);
    const losses = tf.mean<Tensor1D>(tf.sub(tf.softplus(z), tf.mul(y!, z)), 1);
    const penalty = tf.mul(tf.sum<Tensor1D>(tf.square(w), 1), l2 / 2);
    const residual = tf.div<Tensor2D>(tf.sub(tf.sigmoid(z), y!), examples);
    return { losses: tf.add(losses, penalty), gradient: byParameters(tf, X!, residual, tf.mul(w, l2)) };
  },
  hessianProduct(tf, { X }, theta, v, { examples, l2 }) {
    const p = tf.sigmoid(scores(tf, X!, theta).z);
    const along = scores(tf, X!, v);
    const change = tf.div<Tensor2D>(tf.mul(tf.mul(p, tf.sub(1, p)), along.z), examples);
    return byParameters(tf, X!, change, tf.mul(along.w, l2));
  },
};

/** Fills the rows with x = μ + S n, μ, n ~ N(0, 1), S ~ N(0, 1/features). */
function drawClass(random: RandomStream, rows: Float32Array, features: number): void {
  const mean = new Float32Array(features);
  const S = new Float32Array(features * features);
  random.fillNormal(mean);
  random.fillNormal(S, 0, 1 / Math.sqrt(features));
  const n = new Float32Array(features);
  for (let row = 0; row < rows.length; row += features) {
    random.fillNormal(n);
    for (let i = 0; i < features; i++) {
      let x = mean[i]!;
      for (let j = 0; j < features; j++) x += S[i * features + j]! * n[j]!;
      rows[row + i] = x;
    }
  }
}

/** The weights w [B, features], and z = Xw + b [B, examples]. */
function scores(tf: Tf, X: Tensor, theta: Tensor2D) {
  const features = theta.shape[1] - 1;
  const w = tf.slice(theta, [0, 0], [-1, features]);
  return { w, z: tf.add<Tensor2D>(times(tf, X, w), tf.slice(theta, [0, features], [-1, 1])) };
}

/** Derivatives by the weights and by the bias, from those by z; `own` is the penalty's by the weights. */
function byParameters(tf: Tf, X: Tensor, change: Tensor2D, own: Tensor2D): Tensor2D {
  return tf.concat([tf.add<Tensor2D>(transposedTimes(tf, X, change), own), tf.sum<Tensor2D>(change, 1, true)], 1);
}
