import type { Tensor3D } from '@tensorflow/tfjs-core';
import { autoencoderNet } from '../../contract/problems/autoencoder.js';
import { layerSizes } from '../../contract/problems/perceptron.js';
import { evaluate, hessianProduct } from './dense-network.js';
import { fillWeights } from './initialisation.js';
import { denseNetwork } from './perceptron.js';
import type { Problem } from './problem.js';

/** A multi-layer perceptron whose outputs are compared with its inputs. */
export const autoencoder: Problem<'autoencoder'> = {
  name: 'autoencoder',
  shapes: () => ({}),
  sample(spec, random, _data, start) {
    fillWeights(start, layerSizes(autoencoderNet(spec)), spec.initialisation, random);
  },
  evaluate(tf, { inputs }, theta, spec) {
    return evaluate(tf, denseNetwork(autoencoderNet(spec)), inputs as Tensor3D, inputs as Tensor3D, theta);
  },
  hessianProduct(tf, { inputs }, theta, v, spec) {
    return hessianProduct(tf, denseNetwork(autoencoderNet(spec)), inputs as Tensor3D, inputs as Tensor3D, theta, v);
  },
};
