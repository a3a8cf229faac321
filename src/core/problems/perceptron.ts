import type { Tensor3D } from '@tensorflow/tfjs-core';
import { imageSet } from '../../contract/image-sets.js';
import { layerSizes, type Perceptron, type PerceptronSpec, perceptronNet } from '../../contract/problems/perceptron.js';
import type { RandomStream } from '../random/random.js';
import { type DenseNetwork, evaluate, hessianProduct } from './dense-network.js';
import { fillWeights } from './initialisation.js';
import { outputLosses } from './output-losses.js';
import type { DataTensors, Problem, Tf } from './problem.js';

/** The network as the mathematics take it. */
export function denseNetwork({ widths, activation, loss }: Perceptron): DenseNetwork {
  return { widths, activation, loss: outputLosses[loss] };
}

/**
 * The loss of a multi-layer perceptron on mini-batches of images. With permuted labels, a function's `classes` are its
 * own numbers for the classes of the data set.
 */
export const perceptron: Problem<'perceptron'> = {
  name: 'perceptron',
  shapes: (spec) => (spec.labels === 'permuted' ? { classes: [imageSet(spec.dataset).classes] } : {}),
  sample(spec, random, { classes }, start) {
    if (classes) fillPermutation(classes, random);
    fillWeights(start, layerSizes(perceptronNet(spec)), spec.initialisation, random);
  },
  evaluate(tf, data, theta, spec) {
    return evaluate(tf, netOf(spec), data.inputs as Tensor3D, targetsOf(tf, data), theta);
  },
  hessianProduct(tf, data, theta, v, spec) {
    return hessianProduct(tf, netOf(spec), data.inputs as Tensor3D, targetsOf(tf, data), theta, v);
  },
};

function netOf(spec: PerceptronSpec): DenseNetwork {
  return denseNetwork(perceptronNet(spec));
}

/** The labels, one-hot, in each function's own order of the classes. */
function targetsOf(tf: Tf, { labels, classes }: DataTensors): Tensor3D {
  if (!classes) return labels as Tensor3D;
  const moves = tf.oneHot(tf.cast(classes, 'int32'), classes.shape[1]!);
  return tf.matMul(labels as Tensor3D, tf.cast(moves as Tensor3D, 'float32'));
}

/** Fisher and Yates's shuffle of 0, 1, … */
function fillPermutation(out: Float32Array, random: RandomStream): void {
  for (let i = 0; i < out.length; i++) out[i] = i;
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.nextInt(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
}
