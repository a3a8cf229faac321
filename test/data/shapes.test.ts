import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shapeLabels } from '../../src/contract/problems/shapes.js';
import { makeShapes } from '../../src/data/shapes.js';

describe('the coloured shapes', () => {
  it('never change: 4,000 for training and 1,000 held out, an eighth of each class', async () => {
    const { training, heldOut, fingerprint } = await makeShapes(8);
    assert.deepEqual([training.labels.length, heldOut.labels.length], [4000, 1000]);
    assert.deepEqual([training.width, training.inputs.length], [192, 4000 * 192]);
    for (const { labels } of [training, heldOut])
      for (const [label] of shapeLabels.entries())
        assert.equal(labels.filter((l) => l === label).length, labels.length / 8);
    assert.equal((await makeShapes(8)).fingerprint, fingerprint);
    // SHA-256 of bytes and labels, the training's first: results of earlier versions used these.
    assert.equal(fingerprint, 'b5f33c9fcdcc654d4291a290e737672a036becfda28c5e7fc5516561837f5f11');
  });

  it('are all different', async () => {
    const { training, heldOut } = await makeShapes(8);
    const seen = new Set<string>();
    for (const { inputs, width, labels } of [training, heldOut])
      for (const [i] of labels.entries())
        seen.add(Buffer.from(inputs.buffer, inputs.byteOffset + width * i, width).toString('latin1'));
    assert.equal(seen.size, 5000);
  });

  it('look like their names: ink on more of a square than of its frame, of a circle than of a ring', async () => {
    const { training } = await makeShapes(32);
    // Ink is brighter than the background, which is at most 0.6 of white.
    const brightShare = shapeLabels.map((_, label) => {
      let [bright, all] = [0, 0];
      for (const [i, own] of training.labels.entries()) {
        if (own !== label) continue;
        for (let at = i * training.width; at < (i + 1) * training.width; at += 3, all++)
          if (training.inputs[at]! + training.inputs[at + 1]! + training.inputs[at + 2]! > 1.6 * 255) bright++;
      }
      return bright / all;
    });
    const share = (label: (typeof shapeLabels)[number]) => brightShare[shapeLabels.indexOf(label)]!;
    // Areas within the unit circle: π, 0.6 π, 1.4², 1.4² - 0.9², …; about the same share of each is bright: edges are soft.
    const ratio = (a: number, b: number, expected: number) =>
      assert.ok(Math.abs(a / b / expected - 1) < 0.2, `${a / b}`);
    ratio(share('ring'), share('circle'), 0.6);
    ratio(share('frame'), share('square'), 1 - (0.9 / 1.4) ** 2);
    ratio(share('square'), share('circle'), 1.4 ** 2 / Math.PI);
    ratio(share('triangle'), share('circle'), (3 * Math.sqrt(3)) / 4 / Math.PI);
  });
});
