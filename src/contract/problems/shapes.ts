import type { Static } from 'typebox';
import { IntegerChoice } from '../schema.js';
import { ConvNetSchema, convNetFamily } from './conv-net.js';

export const shapeLabels = ['circle', 'ring', 'square', 'frame', 'triangle', 'cross', 'star', 'bar'] as const;

export const ShapesSpec = ConvNetSchema(
  'shapes',
  shapeLabels,
  { side: IntegerChoice([8, 16, 32], { default: 32, description: 'Rows and columns of a picture.' }) },
  {
    title: 'Coloured shapes',
    description:
      'The network of the problem "cifar" on pictures that are made, not photographed: one shape each, of random colour, place, size and turn, on a background that changes colour across the picture, under noise. They are the same for every job, and need no files. Comparisons see 1,000 held-out pictures, all else 4,000 others.',
  },
);
export type ShapesSpec = Static<typeof ShapesSpec>;

export const shapes = convNetFamily<ShapesSpec>(
  (spec) => spec,
  ({ side }) => `shapes-${side}`,
);
