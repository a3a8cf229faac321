import type { Static } from 'typebox';
import { imageSet, imageWidth } from '../image-sets.js';
import { ImageSetName, Nullable, Strict } from '../schema.js';
import { Type } from '../type.js';
import type { FamilyContract } from './family.js';
import { Activation, Initialisation, type Perceptron, perceptronFloats, perceptronParameters } from './perceptron.js';

const Units = Type.Integer({ minimum: 1, maximum: 4096 });

export const AutoencoderSpec = Strict(
  {
    name: Type.Literal('autoencoder'),
    dataset: ImageSetName({ default: 'digits-8' }),
    encoder: Type.Array(Units, {
      minItems: 1,
      maxItems: 8,
      default: [32, 8],
      description: 'Units of each layer of the encoder; the last are the code.',
    }),
    decoder: Type.Array(Units, {
      maxItems: 8,
      default: [32],
      description: 'Units of each hidden layer of the decoder.',
    }),
    activation: Activation,
    initialisation: Initialisation,
    batch: Type.Integer({
      minimum: 1,
      maximum: 4096,
      default: 64,
      description: 'Images per step, drawn with replacement.',
    }),
    examples: Nullable(Type.Integer({ minimum: 1, maximum: 100_000 }), {
      default: null,
      description:
        'Number of images that a function learns from, different ones for each; null, or more than exist, for all.',
    }),
  },
  {
    title: 'Autoencoder',
    description:
      'The mean squared error per pixel of a multi-layer perceptron that reproduces a data set’s images, pixels in [0, 1], behind a layer of few units. The outputs go through a sigmoid. Comparisons use held-out images, everything else the others.',
  },
);
export type AutoencoderSpec = Static<typeof AutoencoderSpec>;

/** The network described by a document. @throws UnknownImageSet */
export function autoencoderNet({ dataset, encoder, decoder, activation, batch }: AutoencoderSpec): Perceptron {
  const width = imageWidth(imageSet(dataset));
  return { widths: [width, ...encoder, ...decoder, width], activation, loss: 'reconstruction', batch };
}

export const autoencoder: FamilyContract<AutoencoderSpec> = {
  parameters: (spec) => perceptronParameters(autoencoderNet(spec)),
  miniBatch: ({ dataset, batch, examples }) => ({
    dataset,
    size: batch,
    classes: imageSet(dataset).classes,
    ...(examples !== null && { perFunction: examples }),
  }),
  miniBatchFloats: (spec) => perceptronFloats(autoencoderNet(spec)),
};
