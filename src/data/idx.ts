import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DatasetError } from '../contract/datasets.js';

/** An array of unsigned bytes of any shape. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes, the format of MNIST (yann.lecun.com/exdb/mnist), or its `.gz` if there is only
 * that.
 * @returns null if there is neither
 * @throws DatasetError if it is not such a file
 */
export async function readIdx(path: string): Promise<IdxArray | null> {
  const plain = await readIfThere(path);
  const packed = plain && plain.length > 0 ? null : await readIfThere(`${path}.gz`);
  if (plain && packed) throw new DatasetError(`${path} is empty: remove it, and ${path}.gz beside it will be read.`);
  if (plain) return parseIdx(plain, path);
  return packed && parseIdx(await unpack(packed, `${path}.gz`), `${path}.gz`);
}

function parseIdx(bytes: Uint8Array, path: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3] ?? 0;
  const header = 4 + 4 * rank;
  // Two zeros, the type of the elements (8 is an unsigned byte), the number of dimensions.
  if (bytes.length < header || rank === 0 || view.getUint16(0) !== 0 || bytes[2] !== 8)
    throw new DatasetError(
      `${path} ${bytes.length === 0 ? 'is empty' : 'is not an IDX file of unsigned bytes'}: get it again.`,
    );
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== header + size)
    throw new DatasetError(
      `${path} is ${bytes.length} bytes long; expected ${header + size}, as its header gives ${shape.join(' × ')} elements.`,
    );
  return { shape, data: new Uint8Array(bytes.buffer, bytes.byteOffset + header, size) };
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new DatasetError(`${path} cannot be read: ${message}`, { cause: error });
  }
}

async function unpack(packed: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(packed);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fault =
      code === 'Z_BUF_ERROR'
        ? 'is cut short: get it again'
        : packed[0] === 0 && packed[1] === 0
          ? 'is not packed: take .gz from its name'
          : `is not a gzip file (${message}): get it again`;
    throw new DatasetError(`${path} ${fault}.`, { cause: error });
  }
}
