import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSafetensors, encodeSafetensors, FormatError } from '../../src/weights/safetensors.js';
import type { NamedTensor } from '../../src/weights/tensors.js';
import { testSeed, uniform } from './samples.js';

/** A file with the given header text, followed by bytes of data. */
function fileOf(header: string | object, dataBytes: number, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const tensor = (shape: number[], begin: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test('what is encoded is decoded: names, order, shapes, values, metadata', () => {
  const tensors: NamedTensor[] = [
    { name: 'b', shape: [2, 3], data: Float32Array.of(1, -0, 1e-45, 3.4e38, Number.NaN, Number.NEGATIVE_INFINITY) },
    { name: '0', shape: [], data: Float32Array.of(Math.PI) },
    { name: '__proto__', shape: [1], data: Float32Array.of(7) },
    { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
    { name: 'a "quoted": name, ∇', shape: [1], data: Float32Array.of(8) },
  ];
  const metadata = { format: 'test/1', note: 'θ ← θ + g "quoted": \\' };
  const bytes = encodeSafetensors(tensors, metadata);
  const decoded = decodeSafetensors(bytes);
  assert.deepEqual(decoded.metadata, metadata);
  // An empty tensor's range is empty: among equal starts its place, first or last, is not in the bytes.
  const byName = new Map(decoded.tensors.map((t) => [t.name, t]));
  assert.equal(byName.size, tensors.length);
  for (const { name, shape, data } of tensors) {
    const found = byName.get(name);
    assert.deepEqual(found?.shape, shape);
    assert.deepEqual(new Uint32Array(found.data.slice().buffer), new Uint32Array(data.slice().buffer), name);
  }
});

test('the same tensors give the same bytes, whose data begins at a multiple of 8', () => {
  for (let n = 1; n < 12; n++) {
    const tensors = [{ name: 'x'.repeat(n), shape: [1], data: Float32Array.of(n) }];
    const bytes = encodeSafetensors(tensors, {});
    assert.deepEqual(encodeSafetensors(tensors, {}), bytes);
    assert.equal((bytes.length - 4) % 8, 0);
  }
});

test('aligned bytes are viewed, others copied', () => {
  const bytes = encodeSafetensors([{ name: 'x', shape: [2], data: Float32Array.of(1, 2) }], {});
  assert.equal(decodeSafetensors(bytes).tensors[0]?.data.buffer, bytes.buffer);
  const shifted = Buffer.alloc(bytes.length + 1).subarray(1);
  shifted.set(bytes);
  const [x] = decodeSafetensors(shifted).tensors;
  assert.deepEqual(x?.data, Float32Array.of(1, 2));
});

test('the encoder refuses what could not be read back', () => {
  const data = Float32Array.of(1);
  const encode = (...tensors: NamedTensor[]) => encodeSafetensors(tensors, {});
  assert.throws(() => encode({ name: 'x', shape: [1], data }, { name: 'x', shape: [1], data }), /"x" is taken/);
  assert.throws(() => encode({ name: '__metadata__', shape: [1], data }), /is taken/);
  assert.throws(() => encode({ name: 'x', shape: [2], data }), /holds 2 floats, its data 1/);
  assert.throws(() => encodeSafetensors([], { long: ' '.repeat(2 ** 24) }), /header takes/);
});

test('the decoder refuses every malformed file, and says what is wrong', async (t) => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['too short', new Uint8Array(7), /7 bytes/],
    ['header length beyond the file', fileOf({}, 0, 3n), /3, but only 2 bytes follow/],
    ['header length of 2^64 - 1', fileOf({}, 0, 2n ** 64n - 1n), /18446744073709551615/],
    ['header length above the limit', fileOf({}, 0, 2n ** 24n + 1n), /at most 16777216/],
    ['header that is no JSON', fileOf('{"x"', 0), /not JSON/],
    ['header that is no UTF-8', fileOf('{}', 0).fill(0xff, 8), /not JSON in UTF-8/],
    ['byte-order mark', fileOf('\ufeff{}', 0), /not JSON/],
    ['leading space', fileOf(' {}', 0), /must begin as a JSON object/],
    ['list for a header', fileOf([], 0), /JSON object/],
    ['null for a header', fileOf('null', 0), /JSON object/],
    ['metadata that is no object', fileOf({ __metadata__: ['x'] }, 0), /object of strings/],
    ['metadata null', fileOf({ __metadata__: null }, 0), /object of strings/],
    ['metadata that is no string', fileOf({ __metadata__: { seed: 1 } }, 0), /"seed" must be a string/],
    ['tensor that is no object', fileOf({ x: 1 }, 0), /"x": must be an object/],
    ['unknown member', fileOf({ x: { ...tensor([], 0, 4), order: 'F' } }, 4), /unknown member "order"/],
    ['missing dtype', fileOf({ x: { shape: [], data_offsets: [0, 4] } }, 4), /dtype is missing/],
    ['dtype F64', fileOf({ x: tensor([1], 0, 8, 'F64') }, 8), /dtype is "F64", only "F32"/],
    ['negative size', fileOf({ x: tensor([-1, -1], 0, 4) }, 4), /shape must be/],
    ['fractional size', fileOf({ x: tensor([0.5, 2], 0, 4) }, 4), /shape must be/],
    ['size as a string', fileOf('{"x":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}', 4), /shape must be/],
    [
      'three offsets',
      fileOf('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4),
      /data_offsets must be two/,
    ],
    ['offsets backwards', fileOf({ x: tensor([1], 4, 0) }, 4), /span -4 bytes/],
    ['size that overflows', fileOf({ x: tensor([2 ** 40, 2 ** 40], 0, 4) }, 4), /span 4 bytes/],
    ['huge tensor', fileOf({ x: tensor([2 ** 40], 0, 2 ** 42) }, 4), /beyond the 4 bytes/],
    ['offsets beyond the data', fileOf({ x: tensor([2], 0, 8) }, 4), /end at 8, beyond the 4 bytes/],
    ['overlap', fileOf({ x: tensor([2], 0, 8), y: tensor([1], 4, 8) }, 8), /"y".*begin at 4, expected 8/],
    ['same range twice', fileOf({ x: tensor([1], 0, 4), y: tensor([1], 0, 4) }, 4), /begin at 0, expected 4/],
    ['gap', fileOf({ x: tensor([1], 0, 4), y: tensor([1], 8, 12) }, 12), /"y".*begin at 8, expected 4/],
    ['gap at the start', fileOf({ x: tensor([1], 4, 8) }, 8), /begin at 4, expected 0/],
    ['trailing bytes', fileOf({ x: tensor([1], 0, 4) }, 5), /1 bytes follow/],
    [
      'name used twice',
      fileOf(`{"x":${JSON.stringify(tensor([1], 0, 4))},"x" :${JSON.stringify(tensor([1], 0, 4))}}`, 4),
      /a member twice/,
    ],
    ['metadata key used twice', fileOf('{"__metadata__":{"a":"1","\\u0061":"2"}}', 0), /a member twice/],
    ['deep nesting', fileOf(`{"x":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, 0), /at most 32 levels deep/],
    [
      'deep nesting in a shape',
      fileOf(`{"x":{"dtype":"F32","data_offsets":[0,4],"shape":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, 4),
      /at most 32 levels deep/,
    ],
    [
      'deep nesting for a dtype',
      fileOf(`{"x":{"shape":[],"data_offsets":[0,4],"dtype":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, 4),
      /at most 32 levels deep/,
    ],
  ];
  for (const [name, bytes, message] of cases)
    await t.test(name, () =>
      assert.throws(
        () => decodeSafetensors(bytes),
        (error: unknown) => {
          assert(error instanceof FormatError, String(error));
          assert.match(error.message, message);
          assert(error.message.length < 400);
          return true;
        },
      ),
    );
});

test('a file with flipped or missing bytes is decoded or refused with a FormatError', () => {
  const seed = testSeed();
  console.log(`seed ${seed}`);
  const draw = uniform(seed);
  const whole = encodeSafetensors(
    [
      { name: 'x', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'y', shape: [3], data: Float32Array.of(5, 6, 7) },
    ],
    { format: 'test/1' },
  );
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = whole.slice(0, draw() < 0.3 ? Math.floor(draw() * whole.length) : whole.length);
    for (let flips = Math.floor(draw() * 4); flips > 0; flips--)
      bytes[Math.floor(draw() * bytes.length)] = Math.floor(draw() * 256);
    try {
      const { tensors } = decodeSafetensors(bytes);
      assert(tensors.reduce((sum, t) => sum + t.data.byteLength, 0) < bytes.length);
    } catch (error) {
      assert(error instanceof FormatError, `${error}`);
      refused++;
    }
  }
  assert(refused > 1000);
});
