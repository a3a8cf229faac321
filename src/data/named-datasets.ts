import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Dataset, DatasetError } from '../contract/datasets.js';
import { addImageSet, type ImageShape } from '../contract/image-sets.js';
import { readCifarFolder } from './cifar-binary.js';
import { addLoader } from './datasets.js';
import { readIdxFolder } from './idx-folder.js';
import { type Arrays, examplesOf, shapeOf } from './labelled-images.js';
import { readNpz } from './npz.js';
import { fingerprintOf } from './variants.js';

/** A data set of images that the user names, and the shape that was found at its path. */
export interface NamedDataset {
  readonly name: string;
  /** A folder or a file. */
  readonly path: string;
  readonly shape: ImageShape;
}

/**
 * Finds out what is at the path of a data set: a folder with MNIST's four IDX files or with CIFAR's binary files, or an
 * .npz file.
 * @param text NAME=PATH
 * @throws DatasetError if it is none of them, or damaged
 */
export async function findDataset(text: string): Promise<NamedDataset> {
  const [, name, path] = /^([^=]*)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || path === undefined)
    throw new DatasetError(`"${text}" is not NAME=PATH, such as fashion=data/fashion-mnist.`);
  return { name, path: resolve(path), shape: shapeOf(await readArrays(resolve(path)), path) };
}

/**
 * Adds data sets, and their variants NAME-8 and NAME-grey, to those that documents may name. Must be called before the
 * first document is validated. Files are read when a problem needs them.
 * @throws DatasetError where a name is taken or is not one for a data set
 */
export function addDatasets(datasets: readonly NamedDataset[]): void {
  for (const dataset of datasets) {
    try {
      addImageSet(dataset.name, dataset.shape);
    } catch (error) {
      throw new DatasetError(`${(error as Error).message}.`, { cause: error });
    }
    addLoader(dataset.name, () => load(dataset));
  }
}

async function load({ name, path, shape }: NamedDataset): Promise<Dataset> {
  const arrays = await readArrays(path);
  const now = shapeOf(arrays, path);
  if (now.side !== shape.side || now.channels !== shape.channels || now.classes !== shape.classes)
    throw new DatasetError(
      `${path}, the data set "${name}", has changed since this process began: it had ${words(shape)} and has ${words(now)}. Start it again.`,
    );
  const [training, heldOut] = [examplesOf(arrays.training, shape), examplesOf(arrays.heldOut, shape)];
  return { fingerprint: fingerprintOf(training, heldOut), training, heldOut };
}

async function readArrays(path: string): Promise<Arrays> {
  try {
    if (!(await stat(path)).isDirectory()) return await readNpz(path);
    const arrays = (await readIdxFolder(path)) ?? (await readCifarFolder(path));
    if (arrays) return arrays;
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`;
    throw new DatasetError(`${path} ${reason}.`, { cause: error });
  }
  throw new DatasetError(
    `${path} has neither MNIST's four IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each with or without .gz) nor CIFAR's binary files (data_batch_*.bin and test_batch.bin, or train.bin and test.bin).`,
  );
}

function words({ side, channels, classes }: ImageShape): string {
  return `${side} × ${side}${channels === 1 ? '' : ` × ${channels}`}, ${classes} classes`;
}
