import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import type { LearnedSpec } from '../../src/contract/optimizers.js';
import { decodeSafetensors, encodeSafetensors, FormatError } from '../../src/weights/safetensors.js';
import { decodeWeights, encodeWeights, toJson, toNpz } from '../../src/weights/weights.js';
import { lstmSpec, sampleOptimizer } from './samples.js';

/** The requirements of docs/weights-format.md for readers, with files that this program does not write. */

const spec = lstmSpec({ layers: [3], inputProjection: 2 });
const { tensors, metadata } = decodeSafetensors(encodeWeights(sampleOptimizer(spec, 1)));
const { format, gateOrder, optimizer } = metadata as Record<string, string>;
const minimal = { format: format!, gateOrder: gateOrder!, optimizer: optimizer! };

/** The file with these strings in its metadata. */
const decode = (strings: Record<string, string>) => decodeWeights(encodeSafetensors(tensors, strings));
const withField = (key: string) => JSON.stringify({ ...JSON.parse(metadata[key]!), later: { nested: [1] } });

describe('a weights file', () => {
  it('needs only what it takes to run it, and claims no more than it says', () => {
    const decoded = decode(minimal);
    assert.deepEqual(decoded.spec, spec);
    assert.deepEqual(decoded.provenance, {});
    assert.deepEqual(decoded.widths, [1]);
    const { training: _, ...rest } = metadata;
    assert.equal('training' in decode(rest).provenance, false);
    assert.deepEqual(decode({ ...rest, training: '{"iterations":7}' }).provenance.training, { iterations: 7 });
  });

  it('does not say how its weights were initialised if that is unknown', () => {
    const { initialisation: _, ...known } = spec;
    const decoded = decode({ ...minimal, optimizer: JSON.stringify(known) });
    assert.deepEqual(decoded.spec, known);
    assert.deepEqual(JSON.parse(toJson(decoded)).optimizer, known);
  });

  it('may have further fields anywhere, which are ignored, and converted with the rest', () => {
    const decoded = decode({
      ...metadata,
      note: 'x',
      optimizer: withField('optimizer'),
      problem: withField('problem'),
      training: withField('training'),
      engine: withField('engine'),
    });
    const plain = decode({ ...metadata });
    assert.deepEqual(decoded.spec, plain.spec);
    assert.deepEqual(decoded.provenance, plain.provenance);
    assert.deepEqual(JSON.parse(toJson(decoded)).training, JSON.parse(withField('training')));
  });

  it('may come from an unknown problem', () => {
    const problem = JSON.stringify({ name: 'styblinski-tang', dimension: 4 });
    const decoded = decode({ ...metadata, problem });
    assert.deepEqual(decoded.provenance.problem, { name: 'styblinski-tang' });
    assert.deepEqual(decoded.widths, [1]);
    assert.deepEqual(JSON.parse(toJson(decoded)).problem, JSON.parse(problem));
    const noisy = decode({ ...metadata, problem: `{"name":"noisy","problem":${problem}}` });
    assert.equal('problem' in noisy.provenance, false);
  });

  it('has blocks of its tensors’ width if it does not say what it was trained on', () => {
    const groups: LearnedSpec = {
      name: 'groups',
      groups: [
        { name: 'first', parameters: ['x_0', 'x_1'], optimizer: lstmSpec({ layers: [2], over: 'all' }) },
        { name: 'rule', parameters: ['x_2'], optimizer: { name: 'sgd', learningRate: 0.1 } },
        { name: 'rest', parameters: ['*'], optimizer: lstmSpec({ layers: [2] }) },
      ],
    };
    const trained = sampleOptimizer(groups, 1, 0.3, { name: 'simple-multi', dimension: 4 });
    const file = decodeSafetensors(encodeWeights(trained));
    const { problem: _, ...rest } = file.metadata;
    const decoded = decodeWeights(encodeSafetensors(file.tensors, rest));
    assert.deepEqual(decoded.widths, [2, 1]);
    assert.deepEqual(decoded.tensors, trained.tensors);
    const cut = file.tensors.filter(({ name }) => name !== 'first/output.bias');
    assert.throws(() => decodeWeights(encodeSafetensors(cut, rest)), FormatError);
  });

  it('is refused for more problems in one than a job may have', () => {
    const members = (count: number, problem: object) => ({
      name: 'ensemble',
      members: Array.from({ length: count }, () => ({ problem })),
    });
    const problem = JSON.stringify(members(8, members(8, { name: 'simple' })));
    assert.throws(() => decode({ ...metadata, problem }), /\/problem: found 73, allowed: at most 16 problems in one/);
  });

  it('of an earlier version may have a group called "..": no member of its npz leaves the folder', () => {
    const named = (name: string): LearnedSpec => ({
      name: 'groups',
      groups: [{ name, parameters: ['*'], optimizer: lstmSpec({ layers: [2] }) }],
    });
    for (const [name, member] of [
      ['..', '%2E%2E/'],
      ['.', '%2E/'],
      ['.hidden', '.hidden/'],
      ['a.b', 'a.b/'],
    ] as const) {
      const file = decodeSafetensors(encodeWeights(sampleOptimizer(named('group'), 1)));
      const tensors = file.tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace('group', name) }));
      const optimizer = JSON.stringify({ ...named(name) });
      const decoded = decodeWeights(encodeSafetensors(tensors, { ...file.metadata, optimizer }));
      assert.deepEqual(decoded.spec, named(name));
      const members = Object.keys(unzipSync(toNpz(decoded))).filter((key) => key !== 'metadata.npy');
      assert.equal(members.length, 4);
      for (const key of members) assert.ok(key.startsWith(member), key);
      assert.ok(strFromU8(toNpz(decoded), true).includes(member));
    }
  });
});
