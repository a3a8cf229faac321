import type { LstmSpec } from '../../../contract/networks/lstm.js';
import { autoencoderNet } from '../../../contract/problems/autoencoder.js';
import { cifarNet } from '../../../contract/problems/cifar.js';
import { type ConvNet, layersOf as convLayers, imageChannels } from '../../../contract/problems/conv-net.js';
import { mnistNet } from '../../../contract/problems/mnist.js';
import { type Perceptron, perceptronNet } from '../../../contract/problems/perceptron.js';
import { type ProblemName, type ProblemSpec, partsOf } from '../../../contract/problems.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { FunctionArguments, MiniBatchArguments, NetworkNumbers } from './addon.js';

/** Networks and functions as arguments of the addon. */

const preprocessings = { none: 0, 'log-sign-paper': 1, 'log-sign-deepmind': 2 } as const;
/** The problems with kernels in native/kernels/optimizees/. */
const families: { readonly [N in ProblemName]?: number } = {
  simple: 0,
  'simple-multi': 0,
  parabola: 1,
  quadratic: 2,
  mnist: 3,
  perceptron: 3,
  autoencoder: 3,
  cifar: 4,
  shapes: 4,
};
export const objectiveNumbers = { loss: 0, log: 1, relative: 2 } as const;
const activations = { sigmoid: 0, tanh: 1, relu: 2, gelu: 3 } as const;
const losses = { 'cross-entropy': 0, 'squared-error': 1, reconstruction: 2 } as const;

/** Whether native code computes a problem's values and gradients, with rescaled coordinates or without. */
export function hasKernels(problem: ProblemSpec): boolean {
  const { name } = problem.name === 'rescaled' ? problem.problem : problem;
  return name in families;
}

/** Whether native code computes the problem itself, or all parts of a composite. */
export function hasKernelsWithin(problem: ProblemSpec): boolean {
  const parts = partsOf(problem);
  return hasKernels(problem) || (parts.length > 0 && parts.every(hasKernelsWithin));
}

export function networkNumbers({ preprocess, inputProjection, outputScale, layers }: LstmSpec): NetworkNumbers {
  const constant = preprocess.name === 'none' ? 1 : preprocess.name === 'log-sign-paper' ? preprocess.p : preprocess.k;
  return Float64Array.of(preprocessings[preprocess.name], constant, inputProjection ?? 0, outputScale, ...layers);
}

/** The arguments for functions that have kernels, for a call of `steps` steps from `firstStep`. */
export function functionArguments(batch: FunctionBatch, firstStep: number, steps: number): FunctionArguments {
  const scale = batch.problem.name === 'rescaled' ? batch.data.c! : null;
  const unscaled = scale ? batch.parts[0]! : batch;
  const { problem, count, dimension, data } = unscaled;
  return [
    families[problem.name]!,
    count,
    dimension,
    data.s ?? data.W ?? data.classes ?? null,
    data.y ?? null,
    scale,
    ...miniBatches(unscaled, firstStep, steps),
  ];
}

function miniBatches({ problem, miniBatches }: FunctionBatch, firstStep: number, steps: number): MiniBatchArguments {
  if (!miniBatches) return [null, 0, null, null, null];
  const { size, examples } = miniBatches;
  return [layersOf(problem), size, examples.inputs, examples.labels, miniBatches.rows(firstStep, steps)];
}

function layersOf(problem: ProblemSpec): Float64Array | null {
  const perceptron = perceptronOf(problem);
  if (perceptron) {
    const { activation, loss, widths } = perceptron;
    return Float64Array.of(activations[activation], losses[loss], ...widths);
  }
  const net = convNetOf(problem);
  if (!net) return null;
  const { side, kernel, batchNorm, channels, hidden, classes } = net;
  const widths = [imageChannels, ...channels, ...hidden, classes.length];
  return Float64Array.of(side, kernel, batchNorm ? 1 : 0, channels.length, ...widths);
}

function perceptronOf(problem: ProblemSpec): Perceptron | null {
  if (problem.name === 'mnist') return mnistNet(problem);
  if (problem.name === 'autoencoder') return autoencoderNet(problem);
  return problem.name === 'perceptron' ? perceptronNet(problem) : null;
}

function convNetOf(problem: ProblemSpec): ConvNet | null {
  if (problem.name === 'cifar') return cifarNet(problem);
  return problem.name === 'shapes' ? problem : null;
}

/** Multiply-adds per evaluation. */
export function evaluationCost({ problem, count, dimension, parts }: FunctionBatch): number {
  if (problem.name === 'rescaled') return evaluationCost(parts[0]!);
  const perceptron = perceptronOf(problem);
  if (perceptron) return 2 * count * dimension * perceptron.batch;
  const net = convNetOf(problem);
  if (!net) return count * dimension * (problem.name === 'quadratic' ? 2 * dimension : 3);
  const products = convLayers(net).map(({ side, kernel, inputs, outputs }) => (side * kernel) ** 2 * inputs * outputs);
  return 3 * count * net.batch * products.reduce((a, b) => a + b, 0);
}
