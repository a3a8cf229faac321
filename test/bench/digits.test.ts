import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = new URL('../../../', import.meta.url);

describe('the digits that set-up creates', () => {
  it('are the 10,000 of the package, as IDX files', async () => {
    const { makeDigits } = await import(new URL('scripts/digits.mjs', root).href);
    const folder = mkdtempSync(join(tmpdir(), 'metadescent-digits-'));
    try {
      assert.equal(makeDigits(folder), true);
      const images = readFileSync(join(folder, 'images-idx3-ubyte'));
      const labels = readFileSync(join(folder, 'labels-idx1-ubyte'));
      // Magic numbers and big-endian dimensions: yann.lecun.com/exdb/mnist, "FILE FORMATS FOR THE MNIST DATABASE".
      assert.deepEqual(
        [0, 4, 8, 12].map((at) => images.readUInt32BE(at)),
        [2051, 10_000, 28, 28],
      );
      assert.deepEqual(
        [0, 4].map((at) => labels.readUInt32BE(at)),
        [2049, 10_000],
      );
      assert.equal(images.length, 16 + 10_000 * 784);
      assert.equal(labels.length, 8 + 10_000);

      // The last class begins at its first label, with the package's first nine.
      const first = labels.indexOf(9, 8) - 8;
      const nines: { data: number[] } = createRequire(import.meta.url)('mnist/src/digits/9.json');
      const expected = nines.data.slice(0, 784).map((grey) => Math.round(255 * grey));
      assert.deepEqual([...images.subarray(16 + first * 784, 16 + (first + 1) * 784)], expected);

      const { mtimeMs } = statSync(join(folder, 'labels-idx1-ubyte'));
      assert.equal(makeDigits(folder), false);
      assert.equal(statSync(join(folder, 'labels-idx1-ubyte')).mtimeMs, mtimeMs);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
