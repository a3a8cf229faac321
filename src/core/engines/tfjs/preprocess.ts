import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { PreprocessSpec } from '../../../contract/networks/lstm.js';
import type { Tf } from '../../problems/problem.js';

/** ε of DeepMind's form: the spacing of fp32 at 1. */
const epsilon = 2 ** -23;

/**
 * The gradient g [w, N] as the network sees it: g itself, or [2 w, N] with the logarithms first. `PreprocessSpec` has the
 * formulas.
 */
export function preprocess(tf: Tf, spec: PreprocessSpec, g: Tensor2D): Tensor2D {
  switch (spec.name) {
    case 'none':
      return g;
    case 'log-sign-paper': {
      const threshold = Math.exp(-spec.p);
      const size = tf.abs(g);
      const large = tf.greaterEqual(size, threshold);
      // Below the threshold the maximum makes log|g|/p equal -1, as defined.
      const logarithm = tf.div(tf.log(tf.maximum(size, threshold)), spec.p);
      return tf.concat([logarithm, tf.where(large, tf.sign(g), tf.mul(g, Math.exp(spec.p)))], 0) as Tensor2D;
    }
    case 'log-sign-deepmind': {
      const logarithm = tf.maximum(tf.div(tf.log(tf.add(tf.abs(g), epsilon)), spec.k), -1);
      return tf.concat([logarithm, tf.clipByValue(tf.mul(g, Math.exp(spec.k)), -1, 1)], 0) as Tensor2D;
    }
  }
}

/**
 * @param d dL/d(inputs), [w, N] or [2 w, N]
 * @returns dL/dg [w, N]
 */
export function preprocessGradient(tf: Tf, spec: PreprocessSpec, g: Tensor2D, d: Tensor2D): Tensor2D {
  if (spec.name === 'none') return d;
  const [dLogarithm, dSign] = tf.split(d, 2, 0) as [Tensor2D, Tensor2D];
  const zero = tf.zerosLike(g);
  if (spec.name === 'log-sign-paper') {
    const large = tf.greaterEqual(tf.abs(g), Math.exp(-spec.p));
    const safe = tf.where(large, g, tf.onesLike(g));
    return tf.where(large, tf.div(dLogarithm, tf.mul(safe, spec.p)), tf.mul(dSign, Math.exp(spec.p)));
  }
  const size = tf.add(tf.abs(g), epsilon);
  const logarithm = tf.div(tf.mul(dLogarithm, tf.sign(g)), tf.mul(size, spec.k));
  return tf.add(
    tf.where(tf.greater(size, Math.exp(-spec.k)), logarithm, zero),
    tf.where(tf.less(tf.abs(g), Math.exp(-spec.k)), tf.mul(dSign, Math.exp(spec.k)), zero),
  );
}
