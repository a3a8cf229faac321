import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { type ConvNet, layersOf } from '../../contract/problems/conv-net.js';
import { type ProblemOf, parametersOf } from '../../contract/problems.js';
import { crossEntropy, dLogits, tensorsOf } from './classifier.js';
import { convolve, imageGradient, kernelGradient } from './convolution.js';
import type { Problem, Tf } from './problem.js';
import { rectify, shift } from './rectified.js';

/**
 * A convolutional network on mini-batches of images (arXiv 1606.04474, section 3.3, as in deepmind/learning-to-learn):
 * convolutions, each with batch normalisation, ReLU and max pooling, then fully connected layers with batch normalisation
 * and ReLU, then the classes; f(θ) is the mean softmax cross-entropy. Weights and biases begin as N(0, 0.01²), offsets of
 * the normalisation as 0.
 * @param netOf the network that a spec describes
 */
export function convNet<N extends 'cifar' | 'shapes'>(name: N, netOf: (spec: ProblemOf<N>) => ConvNet): Problem<N> {
  return {
    name,
    shapes: () => ({}),
    sample(spec, random, _data, start) {
      random.fillNormal(start, 0, 0.01);
      let offset = 0;
      for (const { name, shape } of parametersOf(spec)) {
        const end = offset + shape.reduce((a, b) => a * b, 1);
        if (name.endsWith('/offsets')) start.fill(0, offset, end);
        offset = end;
      }
    },
    /** One function after the other: each has its own kernels, and is enough work for any backend. */
    evaluate(tf, { inputs, labels }, theta, spec) {
      const each = Array.from({ length: theta.shape[0] }, (_, b) =>
        tf.tidy(() => {
          const row = (tensor: Tensor) => tf.slice(tensor, [b], [1]);
          const tensors = tensorsOf(tf, row(theta) as Tensor2D, spec);
          const found = evaluateOne(tf, netOf(spec), tensors, row(inputs!), row(labels!) as Tensor3D);
          const parts = Object.keys(tensors).map((name) => tf.reshape(found.gradients[name]!, [1, -1]));
          return { losses: found.losses, gradient: tf.concat(parts, 1) as Tensor2D };
        }),
      );
      return {
        losses: tf.concat(each.map(({ losses }) => losses)),
        gradient: tf.concat(each.map(({ gradient }) => gradient)),
      };
    },
  };
}

type Tensors = Record<string, Tensor>;

/**
 * One function.
 * @param tensors its parameters, by name
 * @param inputs [1, batch, side · side · channels]
 * @param labels [1, batch, classes]
 * @returns f(θ) [1], and its gradients by the parameters' names
 */
function evaluateOne(tf: Tf, net: ConvNet, tensors: Tensors, inputs: Tensor, labels: Tensor3D) {
  const layers = layersOf(net);
  const gradients: Tensors = {};
  /** From df/d(a layer's output) to df/d(its input); each records the gradients of its parameters. */
  const backs: ((delta: Tensor) => Tensor)[] = [];
  let values = inputs;
  for (const [i, { name, side, kernel, inputs, outputs }] of layers.entries()) {
    const last = i === layers.length - 1;
    const given = tf.reshape(values, [net.batch, side, side, inputs]) as Tensor4D;
    const kernels = tf.reshape(tensors[`${name}/weights`]!, [kernel, kernel, inputs, outputs]) as Tensor4D;
    const shiftName = `${name}/${net.batchNorm && !last ? 'offsets' : 'biases'}`;
    const shifts = tf.reshape(tensors[shiftName]!, [outputs]) as Tensor1D;
    const sums = convolve(tf, given, kernels);
    const after = last ? shift(tf, sums, shifts) : rectify(tf, sums, shifts, net.batchNorm);
    values = after.output;
    backs.unshift((delta) => {
      const { dSums, dShifts } = after.back(tf.reshape(delta, after.output.shape));
      // With offsets, subtracting the mean cancels the bias.
      gradients[`${name}/biases`] = tf.zerosLike(dShifts);
      gradients[shiftName] = dShifts;
      gradients[`${name}/weights`] = kernelGradient(tf, given, dSums, kernel);
      return i === 0 ? dSums : imageGradient(tf, kernels, dSums);
    });
  }
  const { losses, probabilities } = crossEntropy(tf, labels, tf.reshape(values, labels.shape));
  let delta: Tensor = dLogits(tf, labels, probabilities);
  for (const back of backs) delta = back(delta);
  return { losses, gradients };
}
