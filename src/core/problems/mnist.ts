import type { Tensor3D } from '@tensorflow/tfjs-core';
import { mnistNet } from '../../contract/problems/mnist.js';
import { evaluate, hessianProduct } from './dense-network.js';
import { denseNetwork } from './perceptron.js';
import type { Problem } from './problem.js';

/**
 * A multi-layer perceptron on mini-batches of MNIST's digits: f(θ) is the mean softmax cross-entropy of a batch. Weights
 * and biases are from N(0, 0.01²), as in deepmind/learning-to-learn.
 */
export const mnist: Problem<'mnist'> = {
  name: 'mnist',
  shapes: () => ({}),
  sample(_spec, random, _data, start) {
    random.fillNormal(start, 0, 0.01);
  },
  evaluate(tf, { inputs, labels }, theta, spec) {
    return evaluate(tf, denseNetwork(mnistNet(spec)), inputs as Tensor3D, labels as Tensor3D, theta);
  },
  hessianProduct(tf, { inputs, labels }, theta, v, spec) {
    return hessianProduct(tf, denseNetwork(mnistNet(spec)), inputs as Tensor3D, labels as Tensor3D, theta, v);
  },
};
