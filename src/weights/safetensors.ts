import type { FieldError } from '../contract/errors.js';
import { excessOf } from '../contract/json.js';
import { type NamedTensor, sizeOf } from './tensors.js';

/**
 * The safetensors format (huggingface/safetensors, format.md), fp32 only: the header's length as a little-endian u64,
 * the header as JSON, then the tensors' bytes. Multi-byte values are little-endian, as is every machine that Node's
 * WebAssembly runs fast on, so views are used directly.
 */

/** Named fp32 tensors and the file's free-form strings. */
export interface SafetensorsFile {
  readonly tensors: NamedTensor[];
  readonly metadata: Record<string, string>;
}

/** A file that violates its format. The message names the field. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

const lengthBytes = 8;
const maxHeaderBytes = 16 * 2 ** 20;
const metadataKey = '__metadata__';

/**
 * Encodes tensors in the order given. The same tensors and metadata give the same bytes, and the tensors' bytes begin
 * at a multiple of 8.
 * @throws RangeError for a name that is used twice or reserved, or for data that does not fill its shape.
 */
export function encodeSafetensors(tensors: readonly NamedTensor[], metadata: Record<string, string>): Uint8Array {
  // The members are joined by hand: an object would move names such as "0" to the front.
  const members = [`${JSON.stringify(metadataKey)}:${JSON.stringify(metadata)}`];
  const names = new Set([metadataKey]);
  let end = 0;
  for (const { name, shape, data } of tensors) {
    if (names.has(name)) throw new RangeError(`tensor name ${JSON.stringify(name)} is taken; give each its own`);
    if (sizeOf(shape) !== data.length)
      throw new RangeError(`tensor ${name}: shape [${shape}] holds ${sizeOf(shape)} floats, its data ${data.length}`);
    names.add(name);
    const begin = end;
    end += data.byteLength;
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, end] })}`);
  }
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  if (headerLength > maxHeaderBytes)
    throw new RangeError(`the header takes ${headerLength} bytes, at most ${maxHeaderBytes} can be read back`);

  const bytes = new Uint8Array(lengthBytes + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, lengthBytes);
  bytes.fill(0x20, lengthBytes + json.length, lengthBytes + headerLength);
  let offset = lengthBytes + headerLength;
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes a file, strictly: every byte must be accounted for. Memory taken is in proportion to the file's length,
 * whatever the header claims.
 * @param headerLimit maximum bytes of the header
 * @returns the tensors in the order of their bytes; where alignment permits, views into `bytes`.
 * @throws FormatError
 */
export function decodeSafetensors(bytes: Uint8Array, headerLimit = maxHeaderBytes): SafetensorsFile {
  const start = lengthBytes + headerLengthOf(bytes, headerLimit);
  const { entries, metadata } = parseHeader(bytes.subarray(lengthBytes, start));
  let expected = 0;
  const tensors = entries.map(({ name, shape, begin, end }) => {
    if (begin !== expected)
      throw new FormatError(
        `tensor ${quote(name)}: data_offsets begin at ${begin}, expected ${expected}: ranges must neither overlap nor leave gaps`,
      );
    if (start + end > bytes.length)
      throw new FormatError(
        `tensor ${quote(name)}: data_offsets end at ${end}, beyond the ${bytes.length - start} bytes of data`,
      );
    expected = end;
    return { name, shape, data: floats(bytes, start + begin, start + end) };
  });
  if (start + expected !== bytes.length)
    throw new FormatError(`${bytes.length - start - expected} bytes follow the last tensor; expected none`);
  return { tensors, metadata };
}

function headerLengthOf(bytes: Uint8Array, limit: number): number {
  if (bytes.length < lengthBytes)
    throw new FormatError(`the file has ${bytes.length} bytes; a safetensors file begins with 8 of header length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(limit)) throw new FormatError(`the header length is ${length}, at most ${limit} is accepted`);
  if (length > BigInt(bytes.length - lengthBytes))
    throw new FormatError(`the header length is ${length}, but only ${bytes.length - lengthBytes} bytes follow it`);
  return Number(length);
}

interface Entry {
  readonly name: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array): { entries: Entry[]; metadata: Record<string, string> } {
  let text: string;
  let excess: FieldError | null;
  let header: unknown;
  try {
    // ignoreBOM keeps a byte-order mark as a character, which JSON then refuses.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    excess = excessOf(text);
    header = excess ? null : JSON.parse(text);
  } catch (error) {
    throw new FormatError('the header is not JSON in UTF-8', { cause: error });
  }
  if (excess) throw new FormatError(`the header has ${excess.found}, allowed: ${excess.allowed}`);
  if (!text.startsWith('{') || !isObject(header)) throw new FormatError('the header must begin as a JSON object');
  const members = Object.entries(header);
  const metadata = parseMetadata(Object.hasOwn(header, metadataKey) ? header[metadataKey] : {});
  const entries = members.filter(([name]) => name !== metadataKey).map(([name, value]) => parseEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);

  // JSON.parse keeps one of several members with the same name, so the text then has more than the result.
  const parsed = members.length + Object.keys(metadata).length + 3 * entries.length;
  if (countMembers(text) !== parsed)
    throw new FormatError('the header names a member twice; each tensor needs its own name');
  return { entries, metadata };
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) throw new FormatError(`${metadataKey} must be an object of strings`);
  for (const [key, text] of Object.entries(value))
    if (typeof text !== 'string') throw new FormatError(`${metadataKey}: ${quote(key)} must be a string`);
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown): Entry {
  const fault = (text: string) => new FormatError(`tensor ${quote(name)}: ${text}`);
  if (!isObject(value)) throw fault('must be an object with dtype, shape and data_offsets');
  const { dtype, shape, data_offsets: offsets, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined) throw fault(`has an unknown member ${quote(other)}`);
  if (dtype !== 'F32') throw fault(`dtype is ${quote(dtype)}, only "F32" is accepted; convert the tensor to fp32`);
  if (!isSizes(shape)) throw fault('shape must be a list of integers of at least 0');
  if (!isSizes(offsets) || offsets.length !== 2) throw fault('data_offsets must be two integers of at least 0');
  const [begin, end] = offsets as [number, number];
  // A product beyond 2^53 is inexact, but cannot equal a length in the file.
  if (end - begin !== 4 * sizeOf(shape))
    throw fault(`data_offsets span ${end - begin} bytes, but shape [${shape}] takes ${4 * sizeOf(shape)}`);
  return { name, shape, begin, end };
}

function floats(bytes: Uint8Array, begin: number, end: number): Float32Array {
  const aligned = (bytes.byteOffset + begin) % 4 === 0;
  // Uint8Array.prototype.slice copies; a Buffer's own slice would not.
  const source = aligned ? bytes.subarray(begin, end) : Uint8Array.prototype.slice.call(bytes, begin, end);
  return new Float32Array(source.buffer, source.byteOffset, (end - begin) / 4);
}

/** The number of members in a valid JSON text: its strings followed by a colon. */
function countMembers(text: string): number {
  let count = 0;
  for (let open = text.indexOf('"'); open >= 0; ) {
    let close = open + 1;
    while (text[close] !== '"') close += text[close] === '\\' ? 2 : 1;
    let next = close + 1;
    while (/\s/.test(text[next] ?? '')) next++;
    if (text[next] === ':') count++;
    open = text.indexOf('"', next);
  }
  return count;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function quote(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'missing' : `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
