import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Tf } from './problem.js';

/**
 * Convolution of stride 1 that keeps the side, and its two gradients, all three as forward convolutions: the wasm backend
 * lacks the kernels' gradient, and its forward convolution is many times faster than products of gathered patches.
 *
 * Images are [n, side, side, channels], kernels [k, k, inputs, outputs], k odd.
 */
export function convolve(tf: Tf, images: Tensor4D, kernels: Tensor4D): Tensor4D {
  return tf.conv2d(images, kernels, 1, (kernels.shape[0] - 1) / 2);
}

/** df/d(images), from df/d(their convolution): a convolution with the rotated kernels. */
export function imageGradient(tf: Tf, kernels: Tensor4D, delta: Tensor4D): Tensor4D {
  return convolve(tf, delta, tf.transpose(tf.reverse(kernels, [0, 1]), [0, 1, 3, 2]));
}

/** df/d(kernels), likewise: a convolution of the images with delta, summed over the images instead of channels. */
export function kernelGradient(tf: Tf, images: Tensor4D, delta: Tensor4D, k: number): Tensor4D {
  const inputs = tf.transpose(images, [3, 1, 2, 0]);
  const outputs = tf.transpose(delta, [1, 2, 0, 3]);
  return tf.transpose(tf.conv2d(inputs, outputs, 1, (k - 1) / 2), [1, 2, 0, 3]);
}
