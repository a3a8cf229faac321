import { type Zippable, zipSync } from 'fflate';
import type { NamedTensor } from './tensors.js';

/**
 * NumPy's .npz: a zip of .npy files, stored uncompressed. The same tensors and metadata give the same bytes.
 * @param metadata a string, read in NumPy as `str(npz['metadata'])`
 */
export function encodeNpz(tensors: readonly NamedTensor[], metadata: string): Uint8Array {
  const members: Zippable = { 'metadata.npy': npyString(metadata) };
  for (const { name, shape, data } of tensors)
    members[`${memberOf(name)}.npy`] = npy('<f4', shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  // A zip keeps local time: this is the first of January 1980, its earliest, in every time zone.
  return zipSync(members, { level: 0, mtime: new Date(1980, 0, 1) });
}

/** A tensor's name as a path that stays inside the folder it is unpacked into: dots become %2E in parts of only dots. */
function memberOf(name: string): string {
  return name
    .split('/')
    .map((part) => (/^\.+$/.test(part) ? part.replaceAll('.', '%2E') : part))
    .join('/');
}

/** A scalar string, in NumPy's UTF-32. */
function npyString(text: string): Uint8Array {
  const codePoints = Uint32Array.from(text, (character) => character.codePointAt(0) ?? 0);
  return npy(`<U${codePoints.length}`, [], new Uint8Array(codePoints.buffer));
}

/** A .npy file, version 1.0: magic, version, length of the header, the header padded to 64 bytes in all, the data. */
function npy(descr: string, shape: readonly number[], data: Uint8Array): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const preamble = 10;
  const total = Math.ceil((preamble + dictionary.length + 1) / 64) * 64;
  const header = `${dictionary.padEnd(total - preamble - 1)}\n`;
  const bytes = new Uint8Array(total + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), preamble);
  bytes.set(data, total);
  return bytes;
}
