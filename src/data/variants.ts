import { createHash } from 'node:crypto';
import type { Dataset, Examples } from '../contract/datasets.js';
import { type ImageShape, imageWidth } from '../contract/image-sets.js';

/** Weights of red, green and blue in grey: luma of ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114] as const;

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
  const { channels } = from;
  const spans = spansOf(from.side, to.side);
  const isGrey = to.channels !== channels;
  const reduced = new Uint8Array(labels.length * imageWidth(to));
  const sums = new Float64Array(channels);
  let at = 0;
  for (let image = 0; image < inputs.length; image += width)
    for (const rows of spans)
      for (const columns of spans) {
        sums.fill(0);
        for (let r = 0; r < rows.shares.length; r++)
          for (let s = 0; s < columns.shares.length; s++) {
            const pixel = image + ((rows.first + r) * from.side + columns.first + s) * channels;
            const share = rows.shares[r]! * columns.shares[s]!;
            for (let c = 0; c < channels; c++) sums[c]! += share * inputs[pixel + c]!;
          }
        if (isGrey) reduced[at++] = rounded(luma[0] * sums[0]! + luma[1] * sums[1]! + luma[2] * sums[2]!);
        else for (let c = 0; c < channels; c++) reduced[at++] = rounded(sums[c]!);
      }
  return { inputs: reduced, width: imageWidth(to), labels };
}

/** To a byte; sums of shares may be off by a rounding, which must not decide about a half. */
function rounded(value: number): number {
  return Math.floor(value + 0.5 + 1e-9);
}

/** Neighbouring places, with the shares of each, which add up to 1. */
interface Span {
  readonly first: number;
  readonly shares: readonly number[];
}

/** The places that each place of a shorter side covers. */
function spansOf(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, i) => {
    const [begin, end] = [(i * from) / to, ((i + 1) * from) / to];
    const first = Math.floor(begin);
    const shares: number[] = [];
    for (let place = first; place < end; place++) {
      const covered = Math.min(place + 1, end) - Math.max(place, begin);
      shares.push((covered * to) / from);
    }
    return { first, shares };
  });
}
