import type { Datasets, Examples } from '../../../src/contract/datasets.js';
import { uniform } from '../../weights/samples.js';

/** Generated digits, for tests that need no real ones: a fifth of the pixels is grey. */
export function madeUpDigits(seed: number, training = 12, heldOut = 7): Datasets {
  const u = uniform(seed);
  const draw = (count: number): Examples => ({
    inputs: Uint8Array.from({ length: count * 784 }, () => (u() < 0.2 ? Math.floor(256 * u()) : 0)),
    width: 784,
    labels: Uint8Array.from({ length: count }, () => Math.floor(10 * u())),
  });
  return { digits: { fingerprint: `made up from ${seed}`, training: draw(training), heldOut: draw(heldOut) } };
}
