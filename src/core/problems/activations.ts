import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { Activation as ActivationName } from '../../contract/problems/perceptron.js';
import type { Tf } from './problem.js';

interface Activation {
  apply(tf: Tf, sums: Tensor3D): Tensor3D;
  /** The derivative, from the value or the sums. */
  derivative(tf: Tf, value: Tensor3D, sums: Tensor3D): Tensor3D;
  /** The second derivative, likewise. */
  second(tf: Tf, value: Tensor3D, sums: Tensor3D): Tensor3D;
}

/** Activations of hidden layers. */
export const activations: { readonly [A in ActivationName]: Activation } = {
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
  gelu: {
    apply: (tf, sums) => tf.mul(tf.mul(sums, 0.5), tf.add(1, geluTanh(tf, withinGelu(tf, sums)))),
    derivative(tf, _value, sums) {
      const z = withinGelu(tf, sums);
      const t = geluTanh(tf, z);
      const slope = tf.add(gelu, tf.mul(tf.square(z), 3 * gelu * geluCubed));
      return tf.mul(0.5, tf.add(tf.add(1, t), tf.mul(tf.mul(z, tf.sub(1, tf.square(t))), slope)));
    },
    second(tf, _value, sums) {
      // With y = z/2 (1 + t), t = tanh u: y'' = (1 - t²) (u' + z (u''/2 - t u'²)).
      const z = withinGelu(tf, sums);
      const t = geluTanh(tf, z);
      const slope = tf.add<Tensor3D>(gelu, tf.mul(tf.square(z), 3 * gelu * geluCubed));
      const bend = tf.sub<Tensor3D>(tf.mul(z, 3 * gelu * geluCubed), tf.mul(t, tf.square(slope)));
      return tf.mul(tf.sub(1, tf.square(t)), tf.add(slope, tf.mul(z, bend)));
    },
  },
};

/** √(2/π) and the factor of z³ in gelu(z) = z/2 (1 + tanh u), u = √(2/π) (z + 0.044715 z³). */
const [gelu, geluCubed] = [Math.sqrt(2 / Math.PI), 0.044715];

/** z where tanh u is not ±1 in fp32, so that z³ does not overflow. */
function withinGelu(tf: Tf, z: Tensor3D): Tensor3D {
  return tf.clipByValue(z, -10, 10);
}

/** tanh u */
function geluTanh(tf: Tf, z: Tensor3D): Tensor3D {
  return tf.tanh(tf.mul(z, tf.add<Tensor3D>(gelu, tf.mul(tf.square(z), gelu * geluCubed))));
}
