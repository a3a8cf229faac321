import type { Static } from 'typebox';
import { IntegerChoice, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { DatasetName, FamilyContract, Parameter } from './family.js';

/** Channels of a pixel. */
export const imageChannels = 3;

/** @param labels names of the data set's classes, in the order of their numbers */
const fields = (labels: readonly string[]) => ({
  channels: Type.Array(Type.Integer({ minimum: 1, maximum: 64 }), {
    minItems: 1,
    maxItems: 5,
    default: [16, 16, 16],
    description: 'Channels of each convolution; each is followed by 2 × 2 max pooling.',
  }),
  kernel: IntegerChoice([1, 3, 5, 7], { default: 5, description: 'Rows and columns of the kernels.' }),
  hidden: Type.Array(Type.Integer({ minimum: 1, maximum: 512 }), {
    maxItems: 4,
    default: [32],
    description: 'Units of each fully connected layer between the convolutions and the classes.',
  }),
  batchNorm: Type.Boolean({
    default: true,
    description:
      'Batch normalisation before each ReLU, with the mini-batch’s statistics, an offset and no scale. Biases before it then have no effect, and gradients of 0.',
  }),
  batch: Type.Integer({
    minimum: 2,
    maximum: 1024,
    default: 128,
    description: 'Images per step, drawn with replacement.',
  }),
  classes: Type.Array(Type.Integer({ minimum: 0, maximum: labels.length - 1 }), {
    minItems: 2,
    uniqueItems: true,
    default: labels.map((_, i) => i),
    description: `The classes used; the network has one output per class. ${labels.map((label, i) => `${i}: ${label}`).join(', ')}.`,
  }),
});

/** The schema of a family of convolutional networks, with its own fields. */
export function ConvNetSchema<const N extends string, const Own extends Parameters<typeof Strict>[0]>(
  name: N,
  labels: readonly string[],
  own: Own,
  options: { title: string; description: string },
) {
  return Strict({ name: Type.Literal(name), ...own, ...fields(labels) }, options);
}

const Common = Strict(fields([]));
/** Sizes of a convolutional network: of its images, side × side, and of its layers. */
export type ConvNet = Static<typeof Common> & { readonly side: number };

/** A convolution of [side, side, inputs] that keeps the side; a fully connected layer is one with a single pixel. */
export interface Layer {
  readonly name: string;
  readonly side: number;
  readonly kernel: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Shape of its weights. */
  readonly shape: readonly number[];
}

/** The side after pooling over 2 × 2; a single pixel stays. */
const pooled = (side: number) => (side === 1 ? 1 : side / 2);

/** The convolutions, then the fully connected layers; the last gives the classes' logits, and nothing follows it. */
export function layersOf(net: ConvNet): Layer[] {
  const layers: Layer[] = [];
  let [side, inputs] = [net.side, imageChannels];
  for (const [i, outputs] of net.channels.entries()) {
    const { kernel } = net;
    layers.push({ name: `conv${i + 1}`, side, kernel, inputs, outputs, shape: [kernel, kernel, inputs, outputs] });
    [side, inputs] = [pooled(side), outputs];
  }
  inputs *= side ** 2;
  for (const [i, outputs] of [...net.hidden, net.classes.length].entries()) {
    layers.push({ name: `layer${i + 1}`, side: 1, kernel: 1, inputs, outputs, shape: [inputs, outputs] });
    inputs = outputs;
  }
  return layers;
}

function parameters(net: ConvNet): Parameter[] {
  const layers = layersOf(net);
  return layers.flatMap(({ name, outputs, shape }, i) => [
    { name: `${name}/weights`, shape },
    { name: `${name}/biases`, shape: [outputs] },
    ...(net.batchNorm && i < layers.length - 1 ? [{ name: `${name}/offsets`, shape: [outputs] }] : []),
  ]);
}

/**
 * @param netOf returns the network described by a document
 * @param dataset returns the data set that it learns from
 */
export function convNetFamily<Spec>(
  netOf: (spec: Spec) => ConvNet,
  dataset: (spec: Spec) => DatasetName,
): FamilyContract<Spec> {
  return {
    firstDerivativesOnly: true,
    parameters: (spec) => parameters(netOf(spec)),
    miniBatch(spec) {
      const { batch, classes } = netOf(spec);
      return { dataset: dataset(spec), size: batch, classes: classes.length, labels: classes };
    },
    miniBatchFloats(spec) {
      const net = netOf(spec);
      const units = layersOf(net).reduce((sum, { side, outputs }) => sum + side ** 2 * outputs, 0);
      return net.batch * (imageChannels * net.side ** 2 + 2 * units);
    },
  };
}
