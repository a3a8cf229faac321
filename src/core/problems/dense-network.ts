import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { type Activation, layerSizes } from '../../contract/problems/perceptron.js';
import { activations } from './activations.js';
import type { OutputLoss } from './output-losses.js';
import type { Evaluation, Tf } from './problem.js';

/**
 * A multi-layer perceptron on a mini-batch. θ is, layer by layer, the weights [inputs, outputs] and the biases [outputs].
 * Tensors of a batch of functions are [B, batch, units].
 */
export interface DenseNetwork {
  /** Inputs, the units of each hidden layer, outputs. */
  readonly widths: readonly number[];
  readonly activation: Activation;
  readonly loss: OutputLoss;
}

/** @param theta [B, d] */
export function evaluate(tf: Tf, net: DenseNetwork, inputs: Tensor3D, targets: Tensor3D, theta: Tensor2D): Evaluation {
  const layers = layersOf(tf, theta, net);
  const { outputs, derivatives, last } = forward(tf, inputs, layers, net);
  const evaluated = net.loss.evaluate(tf, last, targets);
  let { delta } = evaluated;
  const parts: Tensor2D[] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    parts.unshift(weightGradient(tf, outputs[l]!, delta), biasGradient(tf, delta));
    if (l > 0) delta = tf.mul(product(tf, delta, layers[l]!.weights, false, true), derivatives[l - 1]!);
  }
  return { losses: evaluated.losses, gradient: tf.concat(parts, 1) };
}

/**
 * The gradient above, differentiated along v operation by operation (Pearlmutter, "Fast exact multiplication by the
 * Hessian", Neural Computation 6, 1994). A name with d is the derivative along v of the name without.
 */
export function hessianProduct(
  tf: Tf,
  net: DenseNetwork,
  inputs: Tensor3D,
  targets: Tensor3D,
  theta: Tensor2D,
  v: Tensor2D,
): Tensor2D {
  const layers = layersOf(tf, theta, net);
  const along = layersOf(tf, v, net);
  const { outputs, sums, derivatives, last } = forward(tf, inputs, layers, net);
  const dOutputs: Tensor3D[] = [];
  const dDerivatives: Tensor3D[] = [];
  let dSum = last;
  for (const [l, { weights }] of layers.entries()) {
    const { weights: dWeights, biases: dBiases } = along[l]!;
    dSum = tf.add(product(tf, outputs[l]!, dWeights), dBiases);
    if (l > 0) dSum = tf.add(dSum, product(tf, dOutputs[l - 1]!, weights));
    if (l === layers.length - 1) break;
    dOutputs.push(tf.mul(derivatives[l]!, dSum));
    dDerivatives.push(tf.mul(activations[net.activation].second(tf, outputs[l + 1]!, sums[l]!), dSum));
  }
  let { delta } = net.loss.evaluate(tf, last, targets);
  let dDelta = net.loss.along(tf, last, targets, dSum);
  const parts: Tensor2D[] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    let dWeights = weightGradient(tf, outputs[l]!, dDelta);
    if (l > 0) dWeights = tf.add(dWeights, weightGradient(tf, dOutputs[l - 1]!, delta));
    parts.unshift(dWeights, biasGradient(tf, dDelta));
    if (l === 0) break;
    const { weights } = layers[l]!;
    const back = product(tf, delta, weights, false, true);
    const dBack = tf.add(product(tf, dDelta, weights, false, true), product(tf, delta, along[l]!.weights, false, true));
    dDelta = tf.add(tf.mul(dBack, derivatives[l - 1]!), tf.mul(back, dDerivatives[l - 1]!));
    delta = tf.mul(back, derivatives[l - 1]!);
  }
  return tf.concat(parts, 1);
}

interface Layer {
  /** [B, inputs, outputs] */
  weights: Tensor3D;
  /** [B, 1, outputs] */
  biases: Tensor3D;
}

/** @param theta [B, dimension] */
function layersOf(tf: Tf, theta: Tensor2D, net: DenseNetwork): Layer[] {
  const [count] = theta.shape;
  let offset = 0;
  const take = (rows: number, columns: number): Tensor3D => {
    const part = tf.slice(theta, [0, offset], [count, rows * columns]);
    offset += rows * columns;
    return tf.reshape(part, [count, rows, columns]);
  };
  return layerSizes(net).map(({ inputs, outputs }) => ({ weights: take(inputs, outputs), biases: take(1, outputs) }));
}

/** Each layer's inputs, the hidden layers' sums and the derivatives of their activations, and the last layer's sums. */
function forward(tf: Tf, inputs: Tensor3D, layers: readonly Layer[], { activation }: DenseNetwork) {
  const { apply, derivative } = activations[activation];
  const outputs = [inputs];
  const sums: Tensor3D[] = [];
  const derivatives: Tensor3D[] = [];
  for (const { weights, biases } of layers) {
    const sum = tf.add<Tensor3D>(product(tf, outputs.at(-1)!, weights), biases);
    if (outputs.length === layers.length) return { outputs, sums, derivatives, last: sum };
    sums.push(sum);
    outputs.push(apply(tf, sum));
    derivatives.push(derivative(tf, outputs.at(-1)!, sum));
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
