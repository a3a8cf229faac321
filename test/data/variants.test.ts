import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dataset } from '../../src/contract/datasets.js';
import { imageSet, imageSets, imageWidth } from '../../src/contract/image-sets.js';
import { parseJobSpec } from '../../src/contract/validate.js';
import { loadDatasets } from '../../src/data/datasets.js';
import { variantOf } from '../../src/data/variants.js';
import { testSeed, uniform } from '../weights/samples.js';

const random = uniform(testSeed());

function dataset(count: number, width: number, pixel: (i: number) => number): Dataset {
  const part = () => ({
    inputs: Uint8Array.from({ length: count * width }, (_, i) => pixel(i)),
    width,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  });
  return { fingerprint: 'made up', training: part(), heldOut: part() };
}

const problem = (name: string) =>
  parseJobSpec({ kind: 'metatrain', problem: { name: 'perceptron', dataset: name }, optimizer: { name: 'lstm' } })
    .problem;

describe('variants of data sets', () => {
  it('average areas: a 28 × 28 image at 8 × 8 is its three-and-a-half-fold mean', () => {
    const source = dataset(3, 784, () => Math.floor(256 * random()));
    const small = variantOf(source, imageSet('digits'), imageSet('digits-8'));
    assert.deepEqual(small.training.labels, source.training.labels);
    assert.equal(small.training.width, 64);
    // Each pixel as 2 × 2 pixels of the same colour: 56 × 56, of which a block of 7 × 7 is averaged.
    for (let image = 0; image < 3; image++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) {
          let sum = 0;
          for (let i = 0; i < 49; i++) {
            const [row, column] = [7 * y + Math.floor(i / 7), 7 * x + (i % 7)];
            sum += source.training.inputs[image * 784 + (row >> 1) * 28 + (column >> 1)]!;
          }
          assert.equal(small.training.inputs[image * 64 + y * 8 + x], Math.floor(sum / 49 + 0.5));
        }
  });

  it('keep what is uniform, white included, and are grey by the weights of BT.601', () => {
    for (const [colour, grey] of [
      [[255, 255, 255], 255],
      [[0, 0, 0], 0],
      [[255, 0, 0], 76],
      [[0, 255, 0], 150],
      [[0, 0, 255], 29],
      [[10, 200, 30], 124],
    ] as const) {
      const source = dataset(2, imageWidth(imageSet('cifar')), (i) => colour[i % 3]!);
      const small = variantOf(source, imageSet('cifar'), imageSet('cifar-8'));
      assert.ok(small.training.inputs.every((byte, i) => byte === colour[i % 3]));
      for (const name of ['cifar-8-grey', 'cifar-grey']) {
        const { heldOut } = variantOf(source, imageSet('cifar'), imageSet(name));
        assert.equal(heldOut.inputs.length, 2 * imageWidth(imageSet(name)));
        assert.ok(
          heldOut.inputs.every((byte) => byte === grey),
          name,
        );
      }
    }
  });

  it('of digits and shapes never change, and have the sizes that documents are checked with', async () => {
    const known: Record<string, string> = {};
    for (const { name, base, classes, ...shape } of imageSets()) {
      if (base === 'cifar') continue;
      const { [name]: loaded } = await loadDatasets(problem(name));
      for (const { width, inputs, labels } of [loaded!.training, loaded!.heldOut]) {
        assert.equal(width, imageWidth({ ...shape, classes }));
        assert.equal(inputs.length, labels.length * width);
        assert.equal(Math.max(...labels), classes - 1);
      }
      if (name.includes('8')) known[name] = loaded!.fingerprint.slice(0, 16);
    }
    // SHA-256 of bytes and labels, the training's first.
    assert.deepEqual(known, {
      'digits-8': '5fb082e083bd524d',
      'shapes-8': 'b5f33c9fcdcc654d',
      'shapes-8-grey': 'c1a26b09a35e8d44',
    });
  });

  it('are refused by a name that nobody has given', () => {
    assert.throws(() => problem('digits-9'), /digits-8/);
  });
});
