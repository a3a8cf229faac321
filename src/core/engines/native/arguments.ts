import type { LstmSpec } from '../../../contract/networks/lstm.js';
import { autoencoderNet } from '../../../contract/problems/autoencoder.js';
import { cifarNet } from '../../../contract/problems/cifar.js';
import { type ConvNet, layersOf as convLayers, imageChannels } from '../../../contract/problems/conv-net.js';
import { mnistNet } from '../../../contract/problems/mnist.js';
import { type Perceptron, perceptronNet } from '../../../contract/problems/perceptron.js';
import { type ProblemName, type ProblemSpec, partsOf } from '../../../contract/problems.js';
import type { StepRates } from '../../../contract/use.js';
import type { FunctionBatch } from '../../problems/batch.js';
import type { Descriptor } from './fields.js';

/** Networks and functions as the addon's descriptors. */

/** The problems with kernels in native/kernels/optimizees/, and the names of those kernels. */
const families: { readonly [N in ProblemName]?: string } = {
  simple: 'simple',
  'simple-multi': 'simple',
  parabola: 'parabola',
  quadratic: 'quadratic',
  mnist: 'perceptron',
  perceptron: 'perceptron',
  autoencoder: 'perceptron',
  cifar: 'convolutional',
  shapes: 'convolutional',
};

/** Whether native code computes a problem's values and gradients, with rescaled coordinates or without. */
export function hasKernels(problem: ProblemSpec): boolean {
  const { name } = problem.name === 'rescaled' ? problem.problem : problem;
  return name in families;
}

/** Whether a problem's functions are perceptrons that tell classes apart, with rescaled coordinates or without. */
export function isClassifier(problem: ProblemSpec): boolean {
  const perceptron = perceptronOf(problem.name === 'rescaled' ? partsOf(problem)[0]! : problem);
  return perceptron !== null && perceptron.loss !== 'reconstruction';
}

/** Whether native code computes the problem itself, or all parts of a composite. */
export function hasKernelsWithin(problem: ProblemSpec): boolean {
  const parts = partsOf(problem);
  return hasKernels(problem) || (parts.length > 0 && parts.every(hasKernelsWithin));
}

/** What native/engine/descriptors.cc reads as a network. */
export function networkDescriptor({ preprocess, inputProjection, outputScale, layers }: LstmSpec): Descriptor {
  const constant = preprocess.name === 'none' ? 1 : preprocess.name === 'log-sign-paper' ? preprocess.p : preprocess.k;
  return { preprocess: preprocess.name, constant, projection: inputProjection ?? 0, outputScale, layers };
}

/** What native/engine/descriptors.cc reads as functions, of those that have kernels. */
export function functionsDescriptor(batch: FunctionBatch): Descriptor {
  const { unscaled, scale } = scaleOf(batch);
  const { problem, count, dimension, data } = unscaled;
  return { family: families[problem.name]!, count, dimension, ...data, scale, ...learnerOf(unscaled) };
}

/** The field `rows` of a call of `evaluations` from step `first` on, for functions that learn from mini-batches. */
export function rowsOf(batch: FunctionBatch, first: number, evaluations: number): Descriptor {
  const { miniBatches } = scaleOf(batch).unscaled;
  return miniBatches ? { rows: miniBatches.rows(first, evaluations) } : {};
}

/** The fields `rates` and `decay` of a call of `steps` from step `first` on. */
export function ratesOf(rates: StepRates, first: number, steps: number): Descriptor {
  return { rates: Float32Array.from({ length: steps }, (_, t) => rates.at(first + t)), decay: rates.weightDecay };
}

/** Floats of a network's state per coordinate: h and c of each unit. */
export function stateSize({ layers }: LstmSpec): number {
  return 2 * layers.reduce((a, b) => a + b, 0);
}

/** The functions f of f(c∘θ), and c [B, d]; c is null for 1. */
function scaleOf(batch: FunctionBatch): { unscaled: FunctionBatch; scale: Float32Array | null } {
  if (batch.problem.name !== 'rescaled') return { unscaled: batch, scale: null };
  return { unscaled: batch.parts[0]!, scale: batch.data.c! };
}

/** The network of functions that learn from examples, and the examples. */
function learnerOf({ problem, miniBatches }: FunctionBatch): Descriptor {
  if (!miniBatches) return {};
  const { size, examples } = miniBatches;
  return { ...layersOf(problem), batch: size, inputs: examples.inputs, labels: examples.labels };
}

function layersOf(problem: ProblemSpec): Descriptor {
  const perceptron = perceptronOf(problem);
  if (perceptron) {
    const { activation, loss, widths } = perceptron;
    return { activation, loss, widths };
  }
  const net = convNetOf(problem);
  if (!net) return {};
  const { side, kernel, batchNorm, channels, hidden, classes } = net;
  const widths = [imageChannels, ...channels, ...hidden, classes.length];
  return { side, kernel, batchNorm, convolutions: channels.length, widths };
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
