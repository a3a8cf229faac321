import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DatasetError } from '../../src/contract/datasets.js';
import { loadDigits } from '../../src/data/digits.js';
import { command } from '../cli/command.js';
import { createTemporaryFolder } from '../support/redis.js';

/** An IDX file of unsigned bytes. */
function idx(shape: number[], data: Uint8Array): Buffer {
  const header = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n])]);
  return Buffer.concat([header, data]);
}

describe('the digits of the mnist package', () => {
  it('are split into 8,000 and 2,000 by a permutation that never changes', async () => {
    const { training, heldOut, fingerprint } = await loadDigits(null);
    assert.deepEqual([training.labels.length, heldOut.labels.length], [8000, 2000]);
    assert.equal(training.inputs.length, 8000 * 784);
    // SHA-256 of pixels and labels, the training's first: results of earlier versions used this split.
    assert.equal(fingerprint, 'a8a84e18cdcfb4cef8808c9d3e636d08b17d0d8de8d02e546c9890177ba44d23');
  });

  it('are 10,000 different ones, all classes in both parts', async () => {
    const { training, heldOut } = await loadDigits(null);
    const seen = new Set<string>();
    for (const { inputs, labels } of [training, heldOut]) {
      const counts = new Array<number>(10).fill(0);
      for (const [i, label] of labels.entries()) {
        counts[label]!++;
        seen.add(Buffer.from(inputs.buffer, inputs.byteOffset + 784 * i, 784).toString('latin1'));
      }
      // A tenth each, give or take; five standard deviations of 2,000 draws are 67.
      assert.ok(
        counts.every((n) => Math.abs(n / labels.length - 0.1) < 67 / 2000),
        counts.join(),
      );
    }
    assert.equal(seen.size, 10_000);
  });

  it('are reported as missing, with how to get them', async () => {
    await assert.rejects(
      loadDigits(null, '/nonexistent'),
      (e: DatasetError) =>
        e instanceof DatasetError && /nonexistent lacks the digits: run npm run setup/.test(e.message),
    );
  });
});

describe('the full MNIST in a folder', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  before(async () => {
    folder = await createTemporaryFolder();
  });
  after(() => folder.remove());

  const put = (name: string, bytes: Uint8Array) => writeFile(join(folder.path, name), bytes);
  const images = (count: number, from = 0) => Uint8Array.from({ length: count * 784 }, (_, i) => from + i);
  const refused = (message: RegExp) =>
    assert.rejects(
      loadDigits(folder.path),
      (e: DatasetError) => e instanceof DatasetError && message.test(e.message),
      String(message),
    );

  it('is read byte for byte in its own split, packed or not; what is missing or damaged is named', async () => {
    await refused(/which METADESCENT_MNIST names, lacks train-images-idx3-ubyte or train-labels-idx1-ubyte/);
    await put('train-images-idx3-ubyte', idx([3, 28, 28], images(3)));
    await put('train-labels-idx1-ubyte.gz', gzipSync(idx([3], Uint8Array.of(5, 0, 9))));
    await refused(/lacks t10k-images/);
    await put('t10k-images-idx3-ubyte.gz', gzipSync(idx([2, 28, 28], images(2, 7))));
    await put('t10k-labels-idx1-ubyte', idx([2], Uint8Array.of(1, 2)));
    const { training, heldOut, fingerprint } = await loadDigits(folder.path);
    assert.deepEqual(training, { inputs: images(3), width: 784, labels: Uint8Array.of(5, 0, 9) }, 'training');
    assert.deepEqual(heldOut, { inputs: images(2, 7), width: 784, labels: Uint8Array.of(1, 2) });

    await put('t10k-labels-idx1-ubyte', idx([2], Uint8Array.of(1, 3)));
    assert.notEqual((await loadDigits(folder.path)).fingerprint, fingerprint);

    await put('t10k-labels-idx1-ubyte', idx([2], Uint8Array.of(1, 10)));
    await refused(/a label is 10; expected 0 to 9/);
    await put('t10k-labels-idx1-ubyte', idx([3], Uint8Array.of(1, 2, 3)));
    await refused(/found 2 × 28 × 28 and 3/);
    await put('t10k-labels-idx1-ubyte', idx([3], Uint8Array.of(1, 2)));
    await refused(/t10k-labels-idx1-ubyte is 10 bytes long; expected 11/);
    await put('t10k-labels-idx1-ubyte', Buffer.from('<html>'));
    await refused(/t10k-labels-idx1-ubyte is not an IDX file/);
    await put('train-labels-idx1-ubyte.gz', Buffer.from('<html>'));
    await refused(/train-labels-idx1-ubyte.gz is not a gzip file/);

    const packed = gzipSync(idx([3], Uint8Array.of(5, 0, 9)));
    await put('train-labels-idx1-ubyte.gz', packed.subarray(0, -9));
    await refused(/train-labels-idx1-ubyte.gz is cut short: get it again/);
    await put('train-labels-idx1-ubyte.gz', idx([3], Uint8Array.of(5, 0, 9)));
    await refused(/train-labels-idx1-ubyte.gz is not packed: take .gz from its name/);
    await put('train-labels-idx1-ubyte.gz', packed);
    await put('train-labels-idx1-ubyte', Buffer.alloc(0));
    await refused(/train-labels-idx1-ubyte is empty: remove it, and .*ubyte.gz beside it will be read/);
  });

  it('is requested by the names of its files, and says which there are', async () => {
    const other = await createTemporaryFolder();
    try {
      await writeFile(join(other.path, 'train-images.idx3-ubyte'), idx([1, 28, 28], images(1)));
      await assert.rejects(loadDigits(other.path), /lacks train-images-idx3-ubyte .*; it has train-images.idx3-ubyte:/);
    } finally {
      await other.remove();
    }
  });

  it('is named by METADESCENT_MNIST: without it a training ends with that advice, and no stack', async () => {
    const input = 'kind: metatrain\nproblem: { name: mnist }\noptimizer: { name: lstm }\n';
    const env = { METADESCENT_MNIST: '/nonexistent' };
    const { code, stderr } = await command(['train', '-', '--out', join(folder.path, 'run')], { input, env });
    assert.equal(code, 1);
    assert.match(stderr, /^\/nonexistent, which METADESCENT_MNIST names, is no folder that can be read/m);
    assert.doesNotMatch(stderr, /\n +at /);
  });
});
