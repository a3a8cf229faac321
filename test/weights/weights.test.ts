import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countWeights } from '../../src/contract/limits.js';
import type { LstmSpec } from '../../src/contract/networks/lstm.js';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import type { ProblemSpec } from '../../src/contract/problems.js';
import { decodeSafetensors, encodeSafetensors, FormatError } from '../../src/weights/safetensors.js';
import { flattenWeights, splitWeights, weightShapes } from '../../src/weights/shapes.js';
import { sizeOf } from '../../src/weights/tensors.js';
import { decodeWeights, encodeWeights, toJson, toNpz } from '../../src/weights/weights.js';
import { contentOf, lstmSpec, sampleOptimizer } from './samples.js';

const simple = { name: 'simple' } as const;
const specs: LstmSpec[] = [
  lstmSpec(),
  lstmSpec({ layers: [] }),
  lstmSpec({ layers: [], inputProjection: 5, preprocess: { name: 'log-sign-paper', p: 10 } }),
  lstmSpec({ layers: [3], preprocess: { name: 'log-sign-deepmind', k: 5 } }),
  lstmSpec({ layers: [4, 3, 1], inputProjection: 7 }),
];

test('names, order and shapes of the tensors', () => {
  const [, , , , deep] = specs;
  assert.deepEqual(
    weightShapes(deep!, simple).map(({ name, shape }) => `${name} ${shape.join('x')}`),
    [
      'input.kernel 1x7',
      'input.bias 7',
      'lstm.0.kernel 11x16',
      'lstm.0.bias 16',
      'lstm.1.kernel 7x12',
      'lstm.1.bias 12',
      'lstm.2.kernel 4x4',
      'lstm.2.bias 4',
      'output.kernel 1x1',
      'output.bias 1',
    ],
  );
});

test('the tensors hold as many weights as the limits count', () => {
  for (const spec of specs) {
    const sizes = weightShapes(spec, simple).map(({ shape }) => sizeOf(shape));
    assert.equal(
      sizes.reduce((a, b) => a + b),
      countWeights(spec, simple),
    );
  }
});

test('a flat φ splits into views of itself and flattens back', () => {
  for (const spec of specs) {
    const flat = Float32Array.from({ length: countWeights(spec, simple) }, (_, i) => i);
    const tensors = splitWeights(spec, simple, flat);
    assert.deepEqual(flattenWeights(tensors), flat);
    assert(tensors.every((tensor) => tensor.data.buffer === flat.buffer));
    assert.throws(() => splitWeights(spec, simple, flat.subarray(1)), RangeError);
  }
});

test('a trained optimizer survives encoding and decoding, bit for bit', () => {
  for (const [seed, spec] of specs.entries()) {
    const trained = sampleOptimizer(spec, seed);
    const bytes = encodeWeights(trained);
    assert.deepEqual(contentOf(decodeWeights(bytes)), trained);
    assert.deepEqual(encodeWeights(decodeWeights(bytes)), bytes);
  }
});

const composites: [LearnedSpec, ProblemSpec][] = [
  [lstmSpec({ over: 'all', layers: [3], inputProjection: 5 }), { name: 'parabola', dimension: 4 }],
  [
    lstmSpec({ over: 'all', layers: [], preprocess: { name: 'log-sign-paper', p: 10 } }),
    { name: 'quadratic', dimension: 3, distribution: 'normal' },
  ],
  [
    {
      name: 'groups',
      groups: [
        { name: 'z', parameters: ['x_1', 'x_3'], optimizer: lstmSpec({ over: 'all', layers: [2] }) },
        { name: 'rule', parameters: ['x_0'], optimizer: { name: 'sgd', learningRate: 0.1 } },
        { name: 'a', parameters: ['*'], optimizer: lstmSpec({ layers: [] }) },
      ],
    },
    { name: 'simple-multi', dimension: 5 },
  ],
];

test('tensors of networks over blocks, and of groups: each network has its own, under its group’s name', () => {
  const shapes = composites.map(([spec, problem]) =>
    weightShapes(spec, problem).map(({ name, shape }) => `${name} ${shape.join('x')}`),
  );
  assert.deepEqual(shapes, [
    ['input.kernel 4x5', 'input.bias 5', 'lstm.0.kernel 8x12', 'lstm.0.bias 12', 'output.kernel 3x4', 'output.bias 4'],
    ['output.kernel 6x3', 'output.bias 3'],
    [
      'z/lstm.0.kernel 4x8',
      'z/lstm.0.bias 8',
      'z/output.kernel 2x2',
      'z/output.bias 2',
      'a/output.kernel 1x1',
      'a/output.bias 1',
    ],
  ]);
});

test('they are counted, split, encoded and decoded like others', () => {
  for (const [seed, [spec, problem]] of composites.entries()) {
    const flat = Float32Array.from({ length: countWeights(spec, problem) }, (_, i) => i);
    assert.deepEqual(flattenWeights(splitWeights(spec, problem, flat)), flat);
    assert.throws(() => splitWeights(spec, problem, flat.subarray(1)), RangeError);
    const trained = sampleOptimizer(spec, seed, 0.3, problem);
    assert.deepEqual(contentOf(decodeWeights(encodeWeights(trained))), trained);
    const { tensors } = JSON.parse(toJson(trained));
    assert.deepEqual(
      tensors.map(({ data }: { data: number[] }) => Float32Array.from(data)),
      trained.tensors.map(({ data }) => data),
    );
  }
});

test('a file whose optimizer does not fit the problem that it was trained on is refused', () => {
  const [spec, problem] = composites[2]!;
  const { tensors, metadata } = decodeSafetensors(encodeWeights(sampleOptimizer(spec, 1, 0.3, problem)));
  const other = JSON.stringify({ name: 'simple-multi', dimension: 2 });
  assert.throws(() => decodeWeights(encodeSafetensors(tensors, { ...metadata, problem: other })), {
    name: 'FormatError',
    message: /metadata: \/optimizer\/groups\/0\/parameters\/1: found "x_3"/,
  });
  const [wide, trainedOn] = composites[0]!;
  const file = decodeSafetensors(encodeWeights(sampleOptimizer(wide, 1, 0.3, trainedOn)));
  const narrow = JSON.stringify({ name: 'parabola', dimension: 3 });
  assert.throws(() => decodeWeights(encodeSafetensors(file.tensors, { ...file.metadata, problem: narrow })), {
    message: /tensor input.kernel has shape \[4,5\].*needs \[3,5\]/,
  });
});

test('tensors in another order, as other programs write them, and further metadata are accepted', () => {
  const trained = sampleOptimizer(lstmSpec({ layers: [3], inputProjection: 2 }), 1);
  const { tensors, metadata } = decodeSafetensors(encodeWeights(trained));
  const bytes = encodeSafetensors(tensors.toReversed(), { ...metadata, license: 'CC0-1.0' });
  assert.deepEqual(contentOf(decodeWeights(bytes)), trained);
});

test('a file is refused, with the field, if it does not match its metadata', async (t) => {
  const { tensors, metadata } = decodeSafetensors(encodeWeights(sampleOptimizer(lstmSpec({ layers: [3] }), 1)));
  const [kernel, ...others] = tensors;
  const without = (key: string) => Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== key));
  const deep = `${'['.repeat(1e5)}${']'.repeat(1e5)}`;
  const cases: [string, Uint8Array, RegExp][] = [
    ['no metadata', encodeSafetensors(tensors, {}), /format is undefined, expected "metadescent\/1"/],
    [
      'a later format',
      encodeSafetensors(tensors, { ...metadata, format: 'metadescent/2' }),
      /expected "metadescent\/1"/,
    ],
    ['other gates', encodeSafetensors(tensors, { ...metadata, gateOrder: 'i,f,o,g' }), /gateOrder.*i,f,o,g/],
    ['no optimizer', encodeSafetensors(tensors, without('optimizer')), /\/optimizer: found nothing/],
    [
      'an optimizer that is no JSON',
      encodeSafetensors(tensors, { ...metadata, optimizer: '{' }),
      /optimizer is not JSON/,
    ],
    [
      'an unknown optimizer',
      encodeSafetensors(tensors, { ...metadata, optimizer: '{"name":"x"}' }),
      /\/optimizer\/name/,
    ],
    [
      'deep nesting',
      encodeSafetensors(tensors, { ...metadata, optimizer: deep }),
      /optimizer has deeper nesting, allowed: a document at most 32 levels deep/,
    ],
    ['a seed as text', encodeSafetensors(tensors, { ...metadata, seed: '"1"' }), /\/seed/],
    ['a missing tensor', encodeSafetensors(others, metadata), /lstm\.0\.kernel is missing/],
    [
      'a further tensor',
      encodeSafetensors([...tensors, { name: 'x', shape: [0], data: new Float32Array(0) }], metadata),
      /"x" has no place/,
    ],
    [
      'a transposed tensor',
      encodeSafetensors([{ ...kernel!, shape: [12, 4] }, ...others], metadata),
      /lstm\.0\.kernel has shape \[12,4\].*needs \[4,12\]/,
    ],
  ];
  for (const [name, bytes, message] of cases)
    await t.test(name, () =>
      assert.throws(
        () => decodeWeights(bytes),
        (error: unknown) => error instanceof FormatError && message.test(error.message),
      ),
    );
});

test('weights that are not the spec’s are not encoded', () => {
  const trained = sampleOptimizer(lstmSpec({ layers: [3] }), 1);
  assert.throws(() => encodeWeights({ ...trained, spec: lstmSpec({ layers: [4] }) }), FormatError);
});

test('JSON carries every fp32 value exactly', () => {
  const trained = sampleOptimizer(lstmSpec({ layers: [20, 20] }), 3);
  const document = JSON.parse(toJson(trained));
  assert.equal(document.format, 'metadescent/1');
  assert.deepEqual(document.optimizer, trained.spec);
  assert.equal(document.tensors.length, trained.tensors.length);
  for (const [i, { name, shape, data }] of trained.tensors.entries()) {
    assert.equal(document.tensors[i].name, name);
    assert.deepEqual(document.tensors[i].shape, shape);
    assert.deepEqual(Float32Array.from(document.tensors[i].data), data);
  }
});

test('npz bytes depend only on the optimizer, not on the clock or the time zone', () => {
  const trained = sampleOptimizer(lstmSpec(), 3);
  const zone = process.env.TZ;
  try {
    process.env.TZ = 'Pacific/Kiritimati';
    const east = toNpz(trained);
    process.env.TZ = 'America/Los_Angeles';
    assert.deepEqual(toNpz(trained), east);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
