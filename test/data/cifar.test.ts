import assert from 'node:assert/strict';
import { open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DatasetError } from '../../src/contract/datasets.js';
import { loadCifar } from '../../src/data/cifar.js';
import { command } from '../cli/command.js';
import { createTemporaryFolder } from '../support/redis.js';

const files = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat('test_batch.bin');
const records = 10_000;
const recordBytes = 3073;

/** A pixel in the files that this test writes: different at every place, within the limits of a byte. */
const byteAt = (file: number, record: number, colour: number, row: number, column: number) =>
  (7 * file + 13 * record + 101 * colour + 3 * row + 5 * column) & 255;
const labelAt = (file: number, record: number) => (file + record) % 10;

/** A file in the form of CIFAR-10's binary version: label, red plane, green plane, blue plane, row by row. */
function binary(file: number): Uint8Array {
  const bytes = new Uint8Array(records * recordBytes);
  let at = 0;
  for (let record = 0; record < records; record++) {
    bytes[at++] = labelAt(file, record);
    for (let colour = 0; colour < 3; colour++)
      for (let row = 0; row < 32; row++)
        for (let column = 0; column < 32; column++) bytes[at++] = byteAt(file, record, colour, row, column);
  }
  return bytes;
}

describe('CIFAR-10 in a folder', () => {
  let folder: Awaited<ReturnType<typeof createTemporaryFolder>>;
  before(async () => {
    folder = await createTemporaryFolder();
  });
  after(() => folder.remove());

  const path = (name: string) => join(folder.path, name);
  const refused = (message: RegExp, from: string | null = folder.path) =>
    assert.rejects(
      loadCifar(from),
      (e: DatasetError) => e.name === 'DatasetError' && e.code === 'unsupported' && message.test(e.message),
      String(message),
    );

  it('is read byte for byte, channels last; what is missing or damaged is named, with what to do', async () => {
    await refused(/needs the binary files .*cifar-10-binary\.tar\.gz.* set METADESCENT_CIFAR to the folder/, null);
    await refused(/nowhere, which METADESCENT_CIFAR names, lacks data_batch_1\.bin: download https/, '/nowhere');
    for (const [i, name] of files.entries()) {
      await refused(new RegExp(`lacks ${name}`));
      await writeFile(path(name), binary(i));
    }
    const { training, heldOut, fingerprint } = await loadCifar(folder.path);
    assert.deepEqual([training.labels.length, heldOut.labels.length], [50_000, 10_000]);
    for (const [part, firstFile] of [
      [training, 0],
      [heldOut, 5],
    ] as const) {
      assert.equal(part.width, 3072);
      assert.equal(part.inputs.length, part.labels.length * 3072);
      for (let i = 0; i < part.labels.length; i += 997) {
        const [file, record] = [firstFile + Math.floor(i / records), i % records];
        assert.equal(part.labels[i], labelAt(file, record));
        const expected = Array.from({ length: 3072 }, (_, at) => {
          const pixel = Math.floor(at / 3);
          return byteAt(file, record, at % 3, Math.floor(pixel / 32), pixel % 32);
        });
        assert.deepEqual([...part.inputs.subarray(i * 3072, (i + 1) * 3072)], expected);
      }
    }

    const change = async (position: number, byte: number) => {
      const file = await open(path('test_batch.bin'), 'r+');
      await file.write(Uint8Array.of(byte), 0, 1, position);
      await file.close();
    };
    await change(recordBytes * records - 1, 1 + byteAt(5, records - 1, 2, 31, 31));
    assert.notEqual((await loadCifar(folder.path)).fingerprint, fingerprint);
    await change(recordBytes * 9_999, 10);
    await refused(/test_batch\.bin: the label of record 9999 is 10; expected 0 to 9/);
    await truncate(path('test_batch.bin'), 30_729_999);
    await refused(/test_batch\.bin is 30729999 bytes long; 10,000 records of 3073 bytes are 30730000/);
    await rm(path('data_batch_3.bin'));
    await refused(/lacks data_batch_3\.bin/);
  });

  it('is reported as missing before anything runs: exit code 1, where to get it, no results and no stack', async () => {
    const input = 'kind: metatrain\nproblem: { name: cifar }\noptimizer: { name: lstm }\n';
    const env = { METADESCENT_CIFAR: '' };
    const { code, stdout, stderr } = await command(['train', '-', '--out', path('run')], { input, env });
    assert.equal(code, 1);
    assert.match(stderr, /^The problem "cifar" needs the binary files of CIFAR-10.*cifar-10-binary\.tar\.gz/m);
    assert.doesNotMatch(stderr + stdout, /\n +at |loss/);
  });
});
