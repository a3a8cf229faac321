import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { layerSizes, type MnistSpec } from '../../contract/problems/mnist.js';
import { activations } from './activations.js';
import { crossEntropy, dLogits, tensorsOf } from './classifier.js';
import type { DataTensors, Problem, Tf } from './problem.js';

/**
 * A multi-layer perceptron on mini-batches of MNIST's digits: f(θ) is the mean softmax cross-entropy of a batch. θ is,
 * layer by layer, the weights [inputs, outputs] and the biases [outputs], all from N(0, 0.01²), as in
 * deepmind/learning-to-learn.
 *
 * Tensors of a batch of functions are [B, batch, units].
 */
export const mnist: Problem<'mnist'> = {
  name: 'mnist',
  shapes: () => ({}),
  sample(_spec, random, _data, start) {
    random.fillNormal(start, 0, 0.01);
  },

  evaluate(tf, data, theta, spec) {
    const layers = layersOf(tf, theta, spec);
    const { outputs, derivatives, logits } = forward(tf, data, layers, spec);
    const { losses, probabilities } = crossEntropy(tf, data.labels as Tensor3D, logits);
    let delta = dLogits(tf, data.labels as Tensor3D, probabilities);
    const parts: Tensor2D[] = [];
    for (let l = layers.length - 1; l >= 0; l--) {
      parts.unshift(weightGradient(tf, outputs[l]!, delta), biasGradient(tf, delta));
      if (l > 0) delta = tf.mul(product(tf, delta, layers[l]!.weights, false, true), derivatives[l - 1]!);
    }
    return { losses, gradient: tf.concat(parts, 1) };
  },

  /**
   * The gradient above, differentiated along v operation by operation (Pearlmutter, "Fast exact multiplication by the
   * Hessian", Neural Computation 6, 1994). A name with d is the derivative along v of the name without.
   */
  hessianProduct(tf, data, theta, v, spec) {
    const layers = layersOf(tf, theta, spec);
    const along = layersOf(tf, v, spec);
    const { outputs, derivatives, logits } = forward(tf, data, layers, spec);
    const dOutputs: Tensor3D[] = [];
    const dDerivatives: Tensor3D[] = [];
    let dSum = logits;
    for (const [l, { weights }] of layers.entries()) {
      const { weights: dWeights, biases: dBiases } = along[l]!;
      dSum = tf.add(product(tf, outputs[l]!, dWeights), dBiases);
      if (l > 0) dSum = tf.add(dSum, product(tf, dOutputs[l - 1]!, weights));
      if (l === layers.length - 1) break;
      dOutputs.push(tf.mul(derivatives[l]!, dSum));
      dDerivatives.push(tf.mul(activations[spec.activation].second(tf, outputs[l + 1]!), dSum));
    }
    const { probabilities } = crossEntropy(tf, data.labels as Tensor3D, logits);
    let delta = dLogits(tf, data.labels as Tensor3D, probabilities);
    // Softmax along v: p ∘ (dz - ⟨p, dz⟩).
    const mean = tf.sum(tf.mul(probabilities, dSum), 2, true);
    let dDelta = tf.div<Tensor3D>(tf.mul(probabilities, tf.sub(dSum, mean)), spec.batch);
    const parts: Tensor2D[] = [];
    for (let l = layers.length - 1; l >= 0; l--) {
      let dWeights = weightGradient(tf, outputs[l]!, dDelta);
      if (l > 0) dWeights = tf.add(dWeights, weightGradient(tf, dOutputs[l - 1]!, delta));
      parts.unshift(dWeights, biasGradient(tf, dDelta));
      if (l === 0) break;
      const { weights } = layers[l]!;
      const back = product(tf, delta, weights, false, true);
      const dBack = tf.add(
        product(tf, dDelta, weights, false, true),
        product(tf, delta, along[l]!.weights, false, true),
      );
      dDelta = tf.add(tf.mul(dBack, derivatives[l - 1]!), tf.mul(back, dDerivatives[l - 1]!));
      delta = tf.mul(back, derivatives[l - 1]!);
    }
    return tf.concat(parts, 1);
  },
};

interface Layer {
  /** [B, inputs, outputs] */
  weights: Tensor3D;
  /** [B, 1, outputs] */
  biases: Tensor3D;
}

/** @param theta [B, dimension] */
function layersOf(tf: Tf, theta: Tensor2D, spec: MnistSpec): Layer[] {
  const [count] = theta.shape;
  const tensors = tensorsOf(tf, theta, spec);
  return layerSizes(spec).map(({ outputs }, i) => ({
    weights: tensors[`layer${i + 1}/weights`] as Tensor3D,
    biases: tf.reshape(tensors[`layer${i + 1}/biases`]!, [count, 1, outputs]),
  }));
}

/** Each layer's inputs, the derivatives of the activations there, and the last layer's sums. */
function forward(tf: Tf, data: DataTensors, layers: readonly Layer[], { activation }: MnistSpec) {
  const { apply, derivative } = activations[activation];
  const outputs = [data.inputs as Tensor3D];
  const derivatives: Tensor3D[] = [];
  for (const { weights, biases } of layers) {
    const sums = tf.add<Tensor3D>(product(tf, outputs.at(-1)!, weights), biases);
    if (outputs.length === layers.length) return { outputs, derivatives, logits: sums };
    outputs.push(apply(tf, sums));
    derivatives.push(derivative(tf, outputs.at(-1)!));
  }
  throw new RangeError('a perceptron has at least one layer');
}

/** One product per function. */
function product(tf: Tf, a: Tensor3D, b: Tensor3D, transposeA = false, transposeB = false): Tensor3D {
  return tf.matMul(a, b, transposeA, transposeB);
}

/** [B, inputs · outputs] */
function weightGradient(tf: Tf, inputs: Tensor3D, delta: Tensor3D): Tensor2D {
  return tf.reshape(product(tf, inputs, delta, true), [delta.shape[0], -1]);
}

/** [B, outputs] */
function biasGradient(tf: Tf, delta: Tensor3D): Tensor2D {
  return tf.sum(delta, 1);
}
