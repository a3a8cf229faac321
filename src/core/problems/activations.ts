import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { MnistSpec } from '../../contract/problems/mnist.js';
import type { Tf } from './problem.js';

interface Activation {
  apply(tf: Tf, sums: Tensor3D): Tensor3D;
  /** The derivative, from the value. */
  derivative(tf: Tf, value: Tensor3D): Tensor3D;
  /** The second derivative, from the value. */
  second(tf: Tf, value: Tensor3D): Tensor3D;
}

/** Activations of hidden layers. */
export const activations: { readonly [A in MnistSpec['activation']]: Activation } = {
  sigmoid: {
    apply: (tf, sums) => tf.sigmoid(sums),
    derivative: (tf, s) => tf.mul(s, tf.sub(1, s)),
    second: (tf, s) => tf.mul(tf.mul(s, tf.sub(1, s)), tf.sub(1, tf.mul(s, 2))),
  },
  tanh: {
    apply: (tf, sums) => tf.tanh(sums),
    derivative: (tf, t) => tf.sub(1, tf.square(t)),
    second: (tf, t) => tf.mul(tf.mul(t, -2), tf.sub(1, tf.square(t))),
  },
  relu: {
    apply: (tf, sums) => tf.relu(sums),
    derivative: (tf, r) => tf.step(r),
    second: (tf, r) => tf.zerosLike(r),
  },
};
