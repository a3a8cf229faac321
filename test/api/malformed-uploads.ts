import type { ErrorCode } from '../../src/contract/errors.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/safetensors.js';
import type { NamedTensor } from '../../src/weights/tensors.js';
import { encodeWeights } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from '../weights/samples.js';

/** An upload that POST /optimizers must refuse. */
export interface MalformedUpload {
  readonly what: string;
  readonly bytes: Uint8Array;
  /** The error in the response. */
  readonly says: RegExp;
  readonly name?: string;
  readonly code?: ErrorCode;
}

const spec = lstmSpec({ layers: [3, 2], inputProjection: 2 });
export const goodUpload = Buffer.from(encodeWeights(sampleOptimizer(spec, 11)));
const { tensors, metadata } = decodeSafetensors(goodUpload);
const headerEnd = 8 + Number(goodUpload.readBigUInt64LE());

export function malformedUploads(): MalformedUpload[] {
  return [...truncated(), ...headers(), ...entries(), ...otherTensors(), ...otherMetadata(), ...misfits(), ...names()];
}

function* truncated(): Generator<MalformedUpload> {
  yield { what: 'nothing', bytes: Buffer.alloc(0), says: /the file has 0 bytes/ };
  for (const length of [1, 7]) yield { what: `${length} bytes`, bytes: head(length), says: /begins with 8/ };
  for (const length of [8, 100, headerEnd - 1])
    yield { what: `${length} bytes`, bytes: head(length), says: /the header length is/ };
  for (const length of [headerEnd, headerEnd + 1, goodUpload.length - 4, goodUpload.length - 1])
    yield { what: `${length} bytes`, bytes: head(length), says: /beyond the \d+ bytes of data/ };
  const more = Buffer.concat([goodUpload, Buffer.alloc(4)]);
  yield { what: 'bytes after the last tensor', bytes: more, says: /4 bytes follow the last tensor/ };
  const twice = Buffer.concat([goodUpload, goodUpload]);
  yield { what: 'two files in one', bytes: twice, says: /bytes follow the last tensor/ };
}

function* headers(): Generator<MalformedUpload> {
  for (const length of [2n ** 24n + 1n, 2n ** 53n, 2n ** 64n - 1n]) {
    const bytes = Buffer.from(goodUpload);
    bytes.writeBigUInt64LE(length);
    yield { what: `a header of ${length} bytes`, bytes, says: /at most 1048576 is accepted/ };
  }
  const long = withHeader(`{${' '.repeat(2 ** 24)}}`);
  yield { what: 'a header that is too long, complete', bytes: long, says: /at most 1048576 is accepted/ };
  const texts: [string, RegExp][] = [
    ['', /the header is not JSON/],
    ['{', /the header is not JSON/],
    ['[]', /must begin as a JSON object/],
    [' {}', /must begin as a JSON object/],
    ['null', /must begin as a JSON object/],
    ['"text"', /must begin as a JSON object/],
    ['\ufeff{}', /the header is not JSON/],
    ['{"a":NaN}', /the header is not JSON/],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /at most 32 levels deep/],
    ['{"__metadata__":[]}', /must be an object of strings/],
    ['{"__metadata__":{"format":1}}', /"format" must be a string/],
    ['{"__metadata__":{"format":"a","format":"metadescent/1"}}', /names a member twice/],
    ['{}', /format is undefined, expected "metadescent\/1"/],
  ];
  for (const [text, says] of texts) yield { what: `the header ${text.slice(0, 60)}`, bytes: withHeader(text), says };
  const notText = withHeader('{"x":1}');
  notText[10] = 0xff;
  yield { what: 'a header that is not UTF-8', bytes: notText, says: /not JSON in UTF-8/ };
  yield { what: 'a zip, as npz is', bytes: Buffer.from('PK\x03\x04'.padEnd(500)), says: /header length is/ };
  yield { what: 'a pickle', bytes: Buffer.from('\x80\x04cos\nsystem\n'.padEnd(500), 'latin1'), says: /header length/ };
}

function* entries(): Generator<MalformedUpload> {
  const cases: [string, object, RegExp][] = [
    ['half precision', { dtype: 'F16' }, /dtype is "F16", only "F32"/],
    ['no dtype', { dtype: undefined }, /dtype is missing/],
    ['a shape that is negative', { shape: [-1] }, /shape must be a list/],
    ['a shape that is not a list', { shape: 8 }, /shape must be a list/],
    ['a shape beyond all numbers', { shape: [2 ** 40, 2 ** 40] }, /data_offsets span/],
    ['a shape that is larger than its bytes', { shape: [9] }, /data_offsets span/],
    ['offsets that run backwards', { data_offsets: [8, 0] }, /data_offsets span/],
    ['offsets that overlap', { data_offsets: [4, 12] }, /neither overlap nor leave gaps/],
    ['one offset', { data_offsets: [0] }, /must be two integers/],
    ['an unknown member', { stride: 1 }, /unknown member "stride"/],
  ];
  for (const [what, change, says] of cases) {
    const header = JSON.parse(goodUpload.subarray(8, headerEnd).toString());
    // A tensor of two floats, the second in the file.
    header['input.bias'] = { ...header['input.bias'], ...change };
    const data = goodUpload.subarray(headerEnd);
    yield { what: `a tensor with ${what}`, bytes: Buffer.concat([withHeader(JSON.stringify(header)), data]), says };
  }
}

function* otherTensors(): Generator<MalformedUpload> {
  const file = (what: string, changed: NamedTensor[], says: RegExp): MalformedUpload => ({
    what,
    bytes: encodeSafetensors(changed, metadata),
    says,
  });
  const extra = { name: 'extra', shape: [1], data: Float32Array.of(1) };
  yield file('no tensors', [], /tensor input\.kernel is missing/);
  yield file('all but the last tensor', tensors.slice(0, -1), /tensor output\.bias is missing/);
  yield file('an extra tensor', [...tensors, extra], /"extra" has no place in the optimizer's spec/);
  yield file(
    'path-like names',
    [...tensors, { ...extra, name: '../../../etc/passwd' }],
    /"\.\.\/\.\.\/\.\.\/etc\/pass/,
  );
  yield file('a prototype name', [...tensors, { ...extra, name: '__proto__' }], /"__proto__" has no place/);
  for (const [i, { name, shape, data }] of tensors.entries()) {
    const put = (tensor: NamedTensor) => tensors.map((other, at) => (at === i ? tensor : other));
    yield file(`${name} with another shape`, put({ name, shape: [...shape, 1], data }), /the optimizer's spec needs/);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const spoilt = data.with(data.length - 1, value);
      const says = new RegExp(`tensor ${name}: value ${data.length - 1} is ${value}; all must be finite`);
      yield file(`${value} in ${name}`, put({ name, shape, data: spoilt }), says);
    }
  }
}

function* otherMetadata(): Generator<MalformedUpload> {
  const layers = (value: unknown) => JSON.stringify({ ...spec, layers: value });
  const cases: [string, string | undefined, RegExp][] = [
    ['format', 'metadescent/2', /format is "metadescent\/2"/],
    ['gateOrder', 'input,cell,forget,output', /\/gateOrder: found/],
    ['gateOrder', undefined, /\/gateOrder: found nothing/],
    ['optimizer', undefined, /\/optimizer: found nothing/],
    ['optimizer', '{', /optimizer is not JSON/],
    ['optimizer', 'null', /\/optimizer: found null/],
    ['optimizer', '{"name":"transformer"}', /\/optimizer\/name: found "transformer"/],
    ['optimizer', layers([3]), /tensor lstm\.1\.kernel has no place|output\.kernel has shape/],
    ['optimizer', layers([2, 3]), /tensor lstm\.0\.kernel has shape/],
    ['optimizer', layers([3, 2, 1]), /tensor lstm\.2\.kernel is missing/],
    ['optimizer', layers([1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024]), /tensor lstm\.0\.kernel has shape/],
    ['optimizer', layers([3.5, 2]), /\/optimizer\/layers\/0: found 3\.5/],
    ['optimizer', layers([1e9]), /\/optimizer\/layers\/0: found 1000000000/],
    ['optimizer', layers(Array(9).fill(1)), /\/optimizer\/layers: found/],
    ['optimizer', JSON.stringify({ ...spec, inputProjection: null }), /tensor lstm\.0\.kernel has shape|input\.kernel/],
    ['optimizer', JSON.stringify({ ...spec, outputScale: 0 }), /\/optimizer\/outputScale: found 0/],
    ['problem', '{"name":"../../etc"}', /\/problem\/name: found "\.\.\/\.\.\/etc"/],
    ...[33, 10_000].map((depth): [string, string, RegExp] => [
      'problem',
      `${'{"name":"noisy","problem":'.repeat(depth)}{"name":"simple"}${'}'.repeat(depth)}`,
      /problem has deeper nesting, allowed: a document at most 32 levels deep/,
    ]),
    ['training', '[]', /\/training: found \[\]/],
    ['seed', '-1', /\/seed: found -1/],
    ['seed', '1e999', /\/seed: found|seed is not JSON/],
    ['iterations', '"many"', /\/iterations: found "many"/],
    ['engine', '{}', /\/engine\/engine: found nothing/],
  ];
  for (const [key, value, says] of cases) {
    const { [key]: _, ...others } = metadata;
    const bytes = encodeSafetensors(tensors, value === undefined ? others : { ...others, [key]: value });
    yield { what: `${key} is ${value?.slice(0, 60)}`, bytes, says };
  }
}

/** Networks over several coordinates, and groups, which must fit the problem in the file. */
function* misfits(): Generator<MalformedUpload> {
  const groups = (parameters: string[]) =>
    JSON.stringify({ name: 'groups', groups: [{ name: 'a', parameters, optimizer: spec }] });
  const cases: [string, RegExp][] = [
    [JSON.stringify({ ...spec, over: 'all' }), /tensor input\.kernel has shape/],
    [JSON.stringify({ ...spec, over: 'kernel' }), /\/optimizer\/over: found/],
    [groups(['nowhere']), /\/optimizer\/groups/],
    [groups(['*']), /tensor a\/input\.kernel is missing/],
    ['{"name":"groups","groups":[]}', /\/optimizer\/groups: found \[\]/],
  ];
  for (const [optimizer, says] of cases)
    yield {
      what: `the optimizer ${optimizer}`,
      bytes: encodeSafetensors(tensors, { ...metadata, optimizer }),
      says,
    };
}

function* names(): Generator<MalformedUpload> {
  const wrong = [
    '..',
    '../etc',
    'a/b',
    'a%2fb',
    '.hidden',
    'A',
    'a b',
    'a.b',
    'a:1',
    'a@1',
    '-a',
    '_a',
    'ä',
    'a\0',
    '__proto__',
  ];
  for (const name of [...wrong, '', 'a'.repeat(65), 'a\n'])
    yield {
      what: `the name ${JSON.stringify(name)}`,
      bytes: goodUpload,
      name,
      code: 'invalid-document',
      says: /\/name: found .*allowed: a string matching/,
    };
}

function head(length: number): Buffer {
  return goodUpload.subarray(0, length);
}

function withHeader(text: string): Buffer {
  const json = Buffer.from(text);
  const bytes = Buffer.alloc(8 + json.length);
  bytes.writeBigUInt64LE(BigInt(json.length));
  json.copy(bytes, 8);
  return bytes;
}
