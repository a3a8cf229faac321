import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { DatasetError } from '../../src/contract/datasets.js';
import { coordinates } from '../../src/contract/problems.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { loadDataset } from '../../src/data/datasets.js';
import { addDatasets, findDataset } from '../../src/data/named-datasets.js';
import { command, start } from '../cli/command.js';
import { createTemporaryFolder } from '../support/redis.js';

/** Byte i of part p of what these tests write. */
const byteAt = (p: number, i: number) => (31 * p + 7 * i) & 255;
const bytes = (p: number, count: number) => Uint8Array.from({ length: count }, (_, i) => byteAt(p, i));
const labels = (count: number, classes: number) => Uint8Array.from({ length: count }, (_, i) => i % classes);

/** An IDX file of unsigned bytes. */
function idx(shape: number[], data: Uint8Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  view.setUint16(2, 0x800 + shape.length);
  for (const [i, size] of shape.entries()) view.setUint32(4 + 4 * i, size);
  return Buffer.concat([new Uint8Array(view.buffer), data]);
}

/** A .npy file as numpy.lib.format describes it, version 1.0 or 2.0. */
function npy(type: string, shape: number[], data: Uint8Array, version = 1): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`.padEnd(117);
  const size = version === 1 ? [118, 0] : [118, 0, 0, 0];
  return Buffer.concat([
    Uint8Array.of(0x93),
    Buffer.from('NUMPY'),
    Uint8Array.of(version, 0, ...size),
    Buffer.from(`${header}\n`),
    data,
  ]);
}

describe('data sets that the user names', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  const path = (...names: string[]) => join(folder.path, ...names);
  const refused = (text: string, message: RegExp) =>
    assert.rejects(
      async () => addDatasets([await findDataset(text)]),
      (error) => error instanceof DatasetError && message.test(error.message),
      `${text}: ${message}`,
    );

  before(async () => {
    folder = await createTemporaryFolder();
    for (const name of ['idx', 'cifar', 'hundred', 'half']) await mkdir(path(name));
    await writeFile(path('idx', 'train-images-idx3-ubyte.gz'), gzipSync(idx([6, 9, 9], bytes(1, 6 * 81))));
    await writeFile(path('idx', 'train-labels-idx1-ubyte.gz'), gzipSync(idx([6], labels(6, 3))));
    await writeFile(path('idx', 't10k-images-idx3-ubyte'), idx([4, 9, 9], bytes(2, 4 * 81)));
    await writeFile(path('idx', 't10k-labels-idx1-ubyte'), idx([4], labels(4, 4)));
    const record = (label: number[], p: number) => Uint8Array.of(...label, ...bytes(p, 3072));
    for (const [name, ...records] of [
      ['data_batch_1.bin', record([1], 1), record([0], 2)],
      ['data_batch_2.bin', record([2], 3)],
      ['test_batch.bin', record([1], 4)],
    ] as const)
      await writeFile(path('cifar', name), Buffer.concat(records));
    await writeFile(path('hundred', 'train.bin'), record([7, 1], 1));
    await writeFile(path('hundred', 'test.bin'), record([7, 5], 2));
    await writeFile(path('half', 'train-images-idx3-ubyte'), idx([1, 2, 2], bytes(0, 4)));
    const long = new BigInt64Array([2n, 0n, 1n]);
    const members = {
      'x_train.npy': npy('|u1', [3, 10, 10, 3], bytes(1, 900)),
      'y_train.npy': npy('<i8', [3, 1], new Uint8Array(long.buffer)),
      'x_test.npy': npy('|u1', [2, 10, 10, 3], bytes(2, 600), 2),
      'y_test.npy': npy('|u1', [2], labels(2, 2)),
    };
    await writeFile(path('keras.npz'), zipSync(members));
    const floats = npy('<f4', [3, 10, 10, 3], new Uint8Array(3600));
    await writeFile(path('floats.npz'), zipSync({ ...members, 'x_train.npy': floats }));
    await writeFile(path('wide.npz'), zipSync({ ...members, 'x_train.npy': npy('|u1', [3, 5, 20, 3], bytes(1, 900)) }));
    await writeFile(path('other.npz'), zipSync({ 'a.npy': npy('|u1', [1], bytes(0, 1)) }));
    await writeFile(
      path('negative.npz'),
      zipSync({ ...members, 'y_test.npy': npy('|i1', [2], Uint8Array.of(1, 255)) }),
    );
    await writeFile(path('cut.npz'), zipSync({ ...members, 'x_test.npy': npy('|u1', [2, 10, 10, 3], bytes(2, 599)) }));
    await writeFile(path('text.npz'), 'no zip');
  });
  after(() => folder.remove());

  it('are read from IDX files, gzipped or not', async () => {
    const found = await findDataset(`fashion=${path('idx')}`);
    assert.deepEqual(found, { name: 'fashion', path: path('idx'), shape: { side: 9, channels: 1, classes: 4 } });
    addDatasets([found]);
    const { training, heldOut } = await loadDataset('fashion');
    assert.deepEqual(training, { inputs: bytes(1, 486), width: 81, labels: labels(6, 3) });
    assert.deepEqual(heldOut, { inputs: bytes(2, 324), width: 81, labels: labels(4, 4) });
    assert.equal((await loadDataset('fashion-8')).training.width, 64);
    const { problem } = parseJobSpec({
      kind: 'metatrain',
      problem: { name: 'perceptron', dataset: 'fashion', hidden: [5] },
      optimizer: { name: 'lstm' },
    });
    assert.equal(coordinates(problem), 82 * 5 + 6 * 4);
  });

  it('are read from CIFAR’s binary files, one label per record or two, channels last', async () => {
    const found = [await findDataset(`ten=${path('cifar')}`), await findDataset(`hundred=${path('hundred')}`)];
    assert.deepEqual(
      found.map(({ shape }) => shape),
      [3, 6].map((classes) => ({ side: 32, channels: 3, classes })),
    );
    addDatasets(found);
    const { training, heldOut } = await loadDataset('ten');
    assert.deepEqual([...training.labels, ...heldOut.labels], [1, 0, 2, 1]);
    for (const pixel of [0, 33, 1023])
      for (const colour of [0, 1, 2])
        assert.equal(training.inputs[2 * 3072 + 3 * pixel + colour], byteAt(3, 1024 * colour + pixel));
    const other = await loadDataset('hundred');
    assert.deepEqual([...other.training.labels, ...other.heldOut.labels], [1, 5]);
    assert.equal(other.heldOut.inputs[1], byteAt(2, 1024));
    assert.equal((await loadDataset('ten-8-grey')).training.width, 64);
  });

  it('are read from .npz files, labels of any whole type', async () => {
    addDatasets([await findDataset(`keras=${path('keras.npz')}`)]);
    const { training, heldOut, fingerprint } = await loadDataset('keras');
    assert.deepEqual(training, { inputs: bytes(1, 900), width: 300, labels: Uint8Array.of(2, 0, 1) });
    assert.deepEqual(heldOut, { inputs: bytes(2, 600), width: 300, labels: Uint8Array.of(0, 1) });
    assert.notEqual(fingerprint, (await loadDataset('fashion')).fingerprint);
  });

  it('are refused with what is wrong and what is expected', async () => {
    await refused('nothing', /"nothing" is not NAME=PATH/);
    await refused(`a=${path('nowhere')}`, /nowhere does not exist/);
    await refused(`a=${path('half')}`, /has neither MNIST's four IDX files .* nor CIFAR's binary files/);
    await refused(`a=${path('floats.npz')}`, /x_train is of NumPy’s type "<f4"; expected "\|u1"/);
    await refused(`a=${path('wide.npz')}`, /found 3 × 5 × 20 × 3 and 3 × 1/);
    await refused(`a=${path('other.npz')}`, /has the arrays a; expected x_train, y_train/);
    await refused(`a=${path('negative.npz')}`, /y_test has the label -1; expected 0 to 255/);
    await refused(`a=${path('cut.npz')}`, /x_test is cut short/);
    await refused(`a=${path('text.npz')}`, /is not an \.npz file/);
    await refused(`digits=${path('keras.npz')}`, /the name "digits" is taken/);
    await refused(`a-grey=${path('keras.npz')}`, /"a-grey" cannot name a data set/);
    await writeFile(path('cifar', 'data_batch_2.bin'), bytes(0, 100));
    await refused(`a=${path('cifar')}`, /data_batch_2\.bin is 100 bytes long; expected a multiple of 3073/);
    await assert.rejects(loadDataset('ten'), /data_batch_2\.bin is 100 bytes/);
  });

  it('that have changed since they were named are not read', async () => {
    await writeFile(
      path('changing.npz'),
      zipSync({
        'x_train.npy': npy('|u1', [2, 2, 2], bytes(1, 8)),
        'y_train.npy': npy('|u1', [2], labels(2, 2)),
        'x_test.npy': npy('|u1', [2, 2, 2], bytes(1, 8)),
        'y_test.npy': npy('|u1', [2], labels(2, 2)),
      }),
    );
    const found = await findDataset(`changing=${path('changing.npz')}`);
    addDatasets([{ ...found, shape: { ...found.shape, classes: 3 } }]);
    await assert.rejects(loadDataset('changing'), /it had 2 × 2, 3 classes and has 2 × 2, 2 classes/);
  });

  it('train on the command line, and are listed with what is missing', async () => {
    const env = {
      METADESCENT_CIFAR: '',
      METADESCENT_MNIST: '',
      METADESCENT_DATASETS: `mine=${path('idx')},more=${path('keras.npz')}`,
    };
    const listed = await command(['datasets', '--json'], { cwd: folder.path, env });
    const { datasets } = JSON.parse(listed.stdout) as {
      datasets: { name: string; training: number | null; missing: string | null; variants: string[] }[];
    };
    const of = (name: string) => datasets.find((one) => one.name === name)!;
    assert.deepEqual([of('mine').training, of('more').training, of('mine').missing], [6, 3, null]);
    assert.deepEqual(of('more').variants, ['more-grey', 'more-8', 'more-8-grey']);
    assert.equal(of('cifar').training, null);
    assert.match(of('cifar').missing!, /set METADESCENT_CIFAR/);

    const document = {
      kind: 'metatrain',
      engine: { name: 'tfjs' },
      problem: { name: 'perceptron', dataset: 'mine-8', hidden: [2], batch: 3 },
      optimizer: { name: 'lstm', layers: [2] },
      training: { iterations: 2, horizon: 4, unroll: 2, validation: { every: 2, functions: 1 } },
      comparison: { functions: 2, steps: 2, baselines: [{ name: 'sgd', learningRate: 0.1 }], resamples: 100 },
    };
    await writeFile(path('job.json'), JSON.stringify(document));
    const flags = ['--dataset', `mine=${path('idx')}`];
    const trained = await command(['train', 'job.json', ...flags], { cwd: folder.path });
    assert.equal(trained.code, 0, trained.stderr);
    const without = await command(['check', 'job.json'], { cwd: folder.path });
    assert.match(without.stderr, /\/problem\/dataset/);
    const wrong = await command(['check', 'job.json', '--dataset', 'mine=nowhere'], { cwd: folder.path });
    assert.match(wrong.stderr, /^--dataset: .*nowhere does not exist/m);
    assert.equal(wrong.code, 2);

    const server = start(['serve', '--port', '0', '--log-level', 'warn', ...flags], { cwd: folder.path });
    try {
      const [, url = ''] = await server.until('stderr', /Serving at (\S+)/);
      const options = { cwd: folder.path, env: { METADESCENT_URL: url } };
      const { code, stderr } = await command(['submit', 'job.json', '--watch'], options);
      assert.equal(code, 0, stderr);
    } finally {
      server.child.kill('SIGINT');
      await server.ended;
    }
  });
});
