import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, DatasetError, type Examples } from '../contract/datasets.js';
import { cifarLabels } from '../contract/problems/cifar.js';

/**
 * The binary version of CIFAR-10 (Krizhevsky, "Learning multiple layers of features from tiny images", 2009;
 * www.cs.toronto.edu/~kriz/cifar.html): six files of 10,000 records, each the byte of its class and then 1,024 bytes of
 * red, of green and of blue, row by row.
 */
const files = {
  training: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  heldOut: ['test_batch.bin'],
};
const pixels = 1024;
const width = 3 * pixels;
const recordBytes = 1 + width;
const recordsPerFile = 10_000;

/** Records read at a time. */
const chunk = 500;

/**
 * CIFAR-10: 50,000 images for training and 10,000 held out, each 32 × 32 × 3, channels last.
 * @param folder by default that of the environment variable METADESCENT_CIFAR
 * @throws DatasetError if there is none, or files in it are missing or damaged
 */
export async function loadCifar(folder: string | null = process.env.METADESCENT_CIFAR || null): Promise<Dataset> {
  if (!folder)
    throw new DatasetError(
      `The problem "cifar" needs the binary files of CIFAR-10, which are not shipped: ${whereFrom}`,
    );
  const training = await readFiles(folder, files.training);
  const heldOut = await readFiles(folder, files.heldOut);
  const hash = createHash('sha256');
  for (const part of [training, heldOut]) hash.update(part.inputs).update(part.labels);
  return { fingerprint: hash.digest('hex'), training, heldOut };
}

const whereFrom =
  'download https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz, unpack it, and set METADESCENT_CIFAR to the folder cifar-10-batches-bin in it.';

async function readFiles(folder: string, names: readonly string[]): Promise<Examples> {
  const count = names.length * recordsPerFile;
  const examples = { inputs: new Uint8Array(count * width), width, labels: new Uint8Array(count) };
  for (const [i, name] of names.entries()) await readFile(folder, name, examples, i * recordsPerFile);
  return examples;
}

/** Reads a file into the rows from `first` on. */
async function readFile(folder: string, name: string, { inputs, labels }: Examples, first: number): Promise<void> {
  const file = await openFile(folder, name);
  try {
    const { size } = await file.stat();
    if (size !== recordsPerFile * recordBytes)
      throw new DatasetError(
        `${join(folder, name)} is ${size} bytes long; 10,000 records of ${recordBytes} bytes are ${recordsPerFile * recordBytes}.`,
      );
    const bytes = new Uint8Array(chunk * recordBytes);
    for (let done = 0; done < recordsPerFile; done += chunk) {
      await fill(file, bytes, join(folder, name));
      for (let r = 0; r < chunk; r++) {
        const row = first + done + r;
        const label = bytes[r * recordBytes]!;
        if (label >= cifarLabels.length)
          throw new DatasetError(
            `${join(folder, name)}: the label of record ${done + r} is ${label}; expected 0 to 9.`,
          );
        labels[row] = label;
        interleave(bytes, r * recordBytes + 1, inputs, row * width);
      }
    }
  } finally {
    await file.close();
  }
}

/** Copies an image's planes of red, green and blue, pixel by pixel. */
export function interleave(bytes: Uint8Array, planes: number, out: Uint8Array, at: number): void {
  for (let pixel = 0, to = at; pixel < pixels; pixel++, to += 3) {
    out[to] = bytes[planes + pixel]!;
    out[to + 1] = bytes[planes + pixels + pixel]!;
    out[to + 2] = bytes[planes + 2 * pixels + pixel]!;
  }
}

async function openFile(folder: string, name: string): Promise<FileHandle> {
  try {
    return await open(join(folder, name));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new DatasetError(`${folder}, which METADESCENT_CIFAR names, lacks ${name}: ${whereFrom}`, { cause: error });
    throw new DatasetError(`${join(folder, name)} cannot be read: ${message}`, { cause: error });
  }
}

/** Reads the file's next bytes. */
async function fill(file: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
    if (bytesRead === 0) throw new DatasetError(`${path} became shorter while it was read.`);
    filled += bytesRead;
  }
}
