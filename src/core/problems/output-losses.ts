import type { Tensor, Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import { crossEntropy, dLogits } from './classifier.js';
import type { Tf } from './problem.js';

/** The loss of a network's outputs z [B, batch, outputs], a mean over the mini-batch, against targets y like z. */
export interface OutputLoss {
  /** f [B], and df/dz. */
  evaluate(tf: Tf, z: Tensor3D, targets: Tensor3D): { losses: Tensor1D; delta: Tensor3D };
  /** The derivative of df/dz along dz. */
  along(tf: Tf, z: Tensor3D, targets: Tensor3D, dz: Tensor3D): Tensor3D;
}

/** Of softmax z; y is one-hot. */
const softmaxCrossEntropy: OutputLoss = {
  evaluate(tf, z, targets) {
    const { losses, probabilities } = crossEntropy(tf, targets, z);
    return { losses, delta: dLogits(tf, targets, probabilities) };
  },
  // Softmax along dz: p ∘ (dz - ⟨p, dz⟩).
  along(tf, z, targets, dz) {
    const { probabilities } = crossEntropy(tf, targets, z);
    const mean = tf.sum(tf.mul(probabilities, dz), 2, true);
    return tf.div<Tensor3D>(tf.mul(probabilities, tf.sub(dz, mean)), z.shape[1]);
  },
};

/** |z - y|² */
const squaredError: OutputLoss = {
  evaluate(tf, z, targets) {
    const off = tf.sub<Tensor3D>(z, targets);
    return { losses: meanSquares(tf, off), delta: tf.mul(off, 2 / z.shape[1]) };
  },
  along: (tf, z, _targets, dz) => tf.mul(dz, 2 / z.shape[1]),
};

/** The mean over the outputs of (p - y)², p = σ(z). */
const reconstruction: OutputLoss = {
  evaluate(tf, z, targets) {
    const [, batch, outputs] = z.shape;
    const p = tf.sigmoid(z);
    const off = tf.sub<Tensor3D>(p, targets);
    const delta = tf.mul<Tensor3D>(tf.mul(off, slopeOf(tf, p)), 2 / (batch * outputs));
    return { losses: tf.div(meanSquares(tf, off), outputs), delta };
  },
  // d/dz (p - y) p (1 - p) = p (1 - p) (p (1 - p) + (p - y) (1 - 2 p))
  along(tf, z, targets, dz) {
    const [, batch, outputs] = z.shape;
    const p = tf.sigmoid(z);
    const slope = slopeOf(tf, p);
    const bend = tf.mul(tf.sub(p, targets), tf.sub(1, tf.mul(p, 2)));
    const second = tf.mul(slope, tf.add(slope, bend));
    return tf.mul(tf.mul(second, dz), 2 / (batch * outputs));
  },
};

export const outputLosses = {
  'cross-entropy': softmaxCrossEntropy,
  'squared-error': squaredError,
  reconstruction,
} as const;

/** Sums over the outputs, means over the mini-batch. */
function meanSquares(tf: Tf, off: Tensor3D): Tensor1D {
  return tf.mean(tf.sum<Tensor>(tf.square(off), 2), 1);
}

/** p (1 - p) */
function slopeOf(tf: Tf, p: Tensor3D): Tensor3D {
  return tf.mul(p, tf.sub(1, p));
}
