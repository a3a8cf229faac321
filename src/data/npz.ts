import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { DatasetError } from '../contract/datasets.js';
import type { IdxArray } from './idx.js';
import type { Arrays } from './labelled-images.js';

/** Names of the arrays: images and labels for training, then those held out. */
const conventions = [
  ['x_train', 'y_train', 'x_test', 'y_test'],
  ['train_images', 'train_labels', 'test_images', 'test_labels'],
] as const;

/**
 * NumPy's .npz with images and labels, as Keras and MedMNIST name them.
 * @throws DatasetError if arrays are missing, or are not of bytes and whole numbers
 */
export async function readNpz(path: string): Promise<Arrays> {
  const members = unzip(await readFile(path), path);
  const names = conventions.find((all) => all.every((name) => members[`${name}.npy`]));
  if (!names) {
    const found = Object.keys(members).map((name) => name.replace(/\.npy$/, ''));
    const expected = conventions.map((all) => all.join(', ')).join(', or ');
    throw new DatasetError(`${path} has the arrays ${found.join(', ') || 'of no name'}; expected ${expected}.`);
  }
  const [images, labels, otherImages, otherLabels] = names.map((name, i) => {
    const found = parseNpy(members[`${name}.npy`]!, `${path}: ${name}`);
    return i % 2 === 0 ? found.bytes() : found.labels();
  }) as [IdxArray, IdxArray, IdxArray, IdxArray];
  return { training: { images, labels }, heldOut: { images: otherImages, labels: otherLabels } };
}

function unzip(bytes: Uint8Array, path: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter: ({ name }) => name.endsWith('.npy') });
  } catch (error) {
    throw new DatasetError(`${path} is not an .npz file (${(error as Error).message}): get it again.`, {
      cause: error,
    });
  }
}

/** A .npy file (numpy.lib.format): magic, version, length of the header, the header, the data. */
function parseNpy(bytes: Uint8Array, where: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isNpy = bytes.length > 12 && bytes[0] === 0x93 && new TextDecoder().decode(bytes.subarray(1, 6)) === 'NUMPY';
  const begin = bytes[6] === 1 ? 10 : 12;
  const end = isNpy ? begin + (begin === 10 ? view.getUint16(8, true) : view.getUint32(8, true)) : 0;
  const header = new TextDecoder().decode(bytes.subarray(begin, end));
  const [, type] = /'descr': '([^']*)'/.exec(header) ?? [];
  const [, sizes] = /'shape': \(([^)]*)\)/.exec(header) ?? [];
  if (type === undefined || sizes === undefined) throw new DatasetError(`${where} is not an array of NumPy’s.`);
  if (header.includes("'fortran_order': True"))
    throw new DatasetError(`${where} is in Fortran’s order: save numpy.ascontiguousarray of it.`);
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  const count = shape.reduce((a, b) => a * b, 1);
  const itemBytes = Number(type.slice(2));
  if (bytes.length !== end + count * itemBytes) throw new DatasetError(`${where} is cut short: get it again.`);
  const refuse = (expected: string): never => {
    throw new DatasetError(`${where} is of NumPy’s type "${type}"; expected ${expected}.`);
  };
  return {
    bytes: (): IdxArray => {
      if (type !== '|u1') refuse('"|u1": unsigned bytes, 0 to 255');
      return { shape, data: bytes.slice(end) };
    },
    labels: (): IdxArray => {
      if (!/^[<|][iu][1248]$/.test(type)) refuse('whole numbers, such as "|u1" or "<i8"');
      const isSigned = type[1] === 'i';
      const data = new Uint8Array(count);
      for (let i = 0; i < count; i++) {
        const label = wholeNumber(view, end + i * itemBytes, itemBytes, isSigned);
        if (!(label >= 0 && label <= 255))
          throw new DatasetError(`${where} has the label ${label}; expected 0 to 255.`);
        data[i] = label;
      }
      return { shape, data };
    },
  };
}

function wholeNumber(view: DataView, at: number, bytes: number, isSigned: boolean): number {
  if (bytes === 8) return Number(isSigned ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
  if (bytes === 4) return isSigned ? view.getInt32(at, true) : view.getUint32(at, true);
  if (bytes === 2) return isSigned ? view.getInt16(at, true) : view.getUint16(at, true);
  return isSigned ? view.getInt8(at) : view.getUint8(at);
}
