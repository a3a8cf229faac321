import type { Static } from 'typebox';
import { type ConvNet, ConvNetSchema, convNetFamily } from './conv-net.js';

export const cifarLabels = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

export const CifarSpec = ConvNetSchema(
  'cifar',
  cifarLabels,
  {},
  {
    title: 'CIFAR-10',
    description:
      'Mean softmax cross-entropy of a convolutional network on mini-batches of CIFAR-10’s images, 32 × 32 × 3 (arXiv 1606.04474, section 3.3; sizes and N(0, 0.01²) initialisation of deepmind/learning-to-learn). Comparisons see the 10,000 test images, everything else the 50,000 training images. The binary files are read from the folder that METADESCENT_CIFAR names; without them the job fails. Five or two of the classes give the paper’s CIFAR-5 or CIFAR-2.',
  },
);
export type CifarSpec = Static<typeof CifarSpec>;

/** The network described by a document. */
export function cifarNet(spec: CifarSpec): ConvNet {
  return { side: 32, ...spec };
}

export const cifar = convNetFamily(cifarNet, () => 'cifar');
