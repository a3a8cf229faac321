import { createHash } from 'node:crypto';
import type { Dataset, Examples } from '../contract/datasets.js';
import { type ImageShape, imageWidth } from '../contract/image-sets.js';

/** Weights of red, green and blue in grey: luma of ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114];

/**
 * A data set with smaller images, or in grey, or both. A pixel is the average of the area of the image that it covers,
 * parts of pixels in proportion; grey is 0.299 red + 0.587 green + 0.114 blue. Values are rounded to bytes once, halves
 * up.
 * @param from the shape of the data set's images @param to that of the result's
 */
export function variantOf(dataset: Dataset, from: ImageShape, to: ImageShape): Dataset {
  const training = reduce(dataset.training, from, to);
  const heldOut = reduce(dataset.heldOut, from, to);
  return { fingerprint: fingerprintOf(training, heldOut), training, heldOut };
}

/** SHA-256 of all bytes and labels. */
export function fingerprintOf(training: Examples, heldOut: Examples): string {
  const hash = createHash('sha256');
  for (const part of [training, heldOut]) hash.update(part.inputs).update(part.labels);
  return hash.digest('hex');
}

/** @returns n images [side, side, channels] of the shape `to` */
function reduce({ inputs, width, labels }: Examples, from: ImageShape, to: ImageShape): Examples {
  const spans = spansOf(from.side, to.side);
  const weights = to.channels === from.channels ? null : luma;
  const reduced = new Uint8Array(labels.length * imageWidth(to));
  const sums = new Float64Array(from.channels);
  let at = 0;
  for (let image = 0; image < inputs.length; image += width)
    for (const rows of spans)
      for (const columns of spans) {
        sums.fill(0);
        for (const [row, height] of rows)
          for (const [column, breadth] of columns) {
            const pixel = image + (row * from.side + column) * from.channels;
            for (let c = 0; c < from.channels; c++) sums[c]! += height * breadth * inputs[pixel + c]!;
          }
        if (weights) reduced[at++] = rounded(weights.reduce((sum, weight, c) => sum + weight * sums[c]!, 0));
        else for (const sum of sums) reduced[at++] = rounded(sum);
      }
  return { inputs: reduced, width: imageWidth(to), labels };
}

/** To a byte; sums of shares may be off by a rounding, which must not decide about a half. */
function rounded(value: number): number {
  return Math.floor(value + 0.5 + 1e-9);
}

/** The places that each place of a shorter side covers, with their shares, which add up to 1. */
function spansOf(from: number, to: number): [place: number, share: number][][] {
  return Array.from({ length: to }, (_, i) => {
    const [begin, end] = [(i * from) / to, ((i + 1) * from) / to];
    const span: [number, number][] = [];
    for (let place = Math.floor(begin); place < end; place++) {
      const covered = Math.min(place + 1, end) - Math.max(place, begin);
      span.push([place, (covered * to) / from]);
    }
    return span;
  });
}
