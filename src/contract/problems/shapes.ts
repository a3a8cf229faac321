import type { Static } from 'typebox';
import { IntegerChoice } from '../schema.js';
import { ConvNetSchema, convNetFamily } from './conv-net.js';

export const shapeLabels = ['circle', 'ring', 'square', 'frame', 'triangle', 'cross', 'star', 'bar'] as const;

export const ShapesSpec = ConvNetSchema(
  'shapes',
  shapeLabels,
  { side: IntegerChoice([8, 16, 32], { default: 32, description: 'Rows and columns of an image.' }) },
  {
    title: 'Coloured shapes',
    description:
      'The network of the problem "cifar" on generated images: one shape each, of random colour, position, size and rotation, on a background whose colour changes across the image, with noise. The images are the same for every job and need no files. Comparisons see 1,000 held-out images, everything else 4,000 others.',
  },
);
export type ShapesSpec = Static<typeof ShapesSpec>;

export const shapes = convNetFamily<ShapesSpec>(
  (spec) => spec,
  ({ side }) => `shapes-${side}`,
);
