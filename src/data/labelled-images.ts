import { DatasetError, type Examples } from '../contract/datasets.js';
import { type ImageShape, imageWidth } from '../contract/image-sets.js';
import type { IdxArray } from './idx.js';

/** Images and their labels, as files have them. */
export interface Split {
  /** [n, side, side] or [n, side, side, channels] */
  readonly images: IdxArray;
  /** [n] or [n, 1] */
  readonly labels: IdxArray;
}

/** The arrays of a data set. */
export interface Arrays {
  readonly training: Split;
  readonly heldOut: Split;
}

/**
 * The shape of a data set's images, and the number of its classes: one more than the largest label.
 * @param path of the data set, for messages
 * @throws DatasetError if the arrays do not fit together
 */
export function shapeOf({ training, heldOut }: Arrays, path: string): ImageShape {
  const [shape, other] = [training, heldOut].map(({ images, labels }) => {
    const [n = 0, side = 0, width, channels = 1, ...more] = images.shape;
    const isImages = n > 0 && side > 0 && side === width && (channels === 1 || channels === 3) && more.length === 0;
    const isLabels = labels.shape[0] === n && labels.data.length === n;
    if (!isImages || !isLabels)
      throw new DatasetError(
        `${path}: expected n square images, n × side × side or n × side × side × 3, and n labels; found ${words(images)} and ${words(labels)}.`,
      );
    return { side, channels: channels as 1 | 3 };
  }) as [Omit<ImageShape, 'classes'>, Omit<ImageShape, 'classes'>];
  if (shape.side !== other.side || shape.channels !== other.channels)
    throw new DatasetError(
      `${path}: the images for training are ${words(training.images)}, the others ${words(heldOut.images)}: they must have one size.`,
    );
  const largest = [...training.labels.data, ...heldOut.labels.data].reduce((most, label) => Math.max(most, label), 0);
  if (largest === 0) throw new DatasetError(`${path}: all labels are 0; expected two classes or more.`);
  return { ...shape, classes: largest + 1 };
}

export function examplesOf({ images, labels }: Split, shape: ImageShape): Examples {
  return { inputs: images.data, width: imageWidth(shape), labels: labels.data };
}

function words({ shape }: IdxArray): string {
  return shape.length === 0 ? 'a number' : shape.join(' × ');
}
