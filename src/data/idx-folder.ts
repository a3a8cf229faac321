import { join } from 'node:path';
import { readIdx } from './idx.js';
import type { Arrays, Split } from './labelled-images.js';

/** A folder with four IDX files under MNIST's names, gzipped or not. @returns null if one of them is missing */
export async function readIdxFolder(folder: string): Promise<Arrays | null> {
  const [training, heldOut] = [await readPart(folder, 'train'), await readPart(folder, 't10k')];
  return training && heldOut && { training, heldOut };
}

async function readPart(folder: string, part: string): Promise<Split | null> {
  const images = await readIdx(join(folder, `${part}-images-idx3-ubyte`));
  const labels = await readIdx(join(folder, `${part}-labels-idx1-ubyte`));
  return images && labels && { images, labels };
}
