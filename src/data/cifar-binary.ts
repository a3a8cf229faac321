import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../contract/datasets.js';
import { interleave } from './cifar.js';
import type { Arrays, Split } from './labelled-images.js';

/**
 * Folders in the form of CIFAR-10's and CIFAR-100's binary versions (Krizhevsky 2009; www.cs.toronto.edu/~kriz/cifar.html):
 * records of labels, the last of which counts, and then 32 × 32 bytes of red, of green and of blue.
 */
const forms = [
  { training: /^data_batch_\d+\.bin$/, heldOut: /^test_batch\.bin$/, labels: 1 },
  { training: /^train\.bin$/, heldOut: /^test\.bin$/, labels: 2 },
];

const side = 32;
const width = 3 * side ** 2;

/** @returns null if the folder has no such files @throws DatasetError if they are damaged */
export async function readCifarFolder(folder: string): Promise<Arrays | null> {
  const names = (await readdir(folder)).sort();
  for (const { training, heldOut, labels } of forms) {
    const [first, second] = [training, heldOut].map((form) => names.filter((name) => form.test(name)));
    if (first!.length === 0 || second!.length === 0) continue;
    return { training: await readAll(folder, first!, labels), heldOut: await readAll(folder, second!, labels) };
  }
  return null;
}

async function readAll(folder: string, names: readonly string[], labelBytes: number): Promise<Split> {
  const record = labelBytes + width;
  const files: Uint8Array[] = [];
  for (const name of names) {
    const bytes = await readFile(join(folder, name));
    if (bytes.length === 0 || bytes.length % record !== 0)
      throw new DatasetError(
        `${join(folder, name)} is ${bytes.length} bytes long; expected a multiple of ${record}, the bytes of a record: get it again.`,
      );
    files.push(bytes);
  }
  const count = files.reduce((sum, { length }) => sum + length / record, 0);
  const [data, labels] = [new Uint8Array(count * width), new Uint8Array(count)];
  let row = 0;
  for (const bytes of files)
    for (let at = 0; at < bytes.length; at += record, row++) {
      labels[row] = bytes[at + labelBytes - 1]!;
      interleave(bytes, at + labelBytes, data, row * width);
    }
  return { images: { shape: [count, side, side, 3], data }, labels: { shape: [count], data: labels } };
}
