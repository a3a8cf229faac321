import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, testSeed, uniform } from '../weights/samples.js';
import { type ConvNet, convNet } from './conv-net.js';
import type { Picture } from './cross-entropy.js';
import { relativeError } from './meta-gradient.js';

const seed = testSeed();
console.log(`seed ${seed}`);
const draw = normal(seed);
const u = uniform(seed);

const near = (actual: number, expected: number, tolerance = 1e-12) =>
  assert(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);

test('the gradient is the difference of the values', () => {
  const nets: [net: ConvNet, coordinates: number][] = [
    [{ side: 4, channels: [2, 3], kernel: 3, hidden: [4], classes: 3, batchNorm: true }, 58 + 60 + 20 + 15],
    [{ side: 4, channels: [2], kernel: 5, hidden: [], classes: 2, batchNorm: true }, 154 + 18],
    [{ side: 4, channels: [2, 2, 2], kernel: 1, hidden: [3, 2], classes: 3, batchNorm: false }, 8 + 6 + 6 + 9 + 8 + 9],
  ];
  for (const [net, coordinates] of nets) {
    const batch = Array.from({ length: 4 }, (_, i) => ({
      pixels: Array.from({ length: 3 * net.side ** 2 }, () => u()),
      label: i % net.classes,
    }));
    near(convNet(net, batch, new Array(coordinates).fill(0)).loss, Math.log(net.classes));
    const theta = Array.from({ length: coordinates }, () => draw());
    const value = (at: number[]) => convNet(net, batch, at).loss;
    const differences = theta.map((x, i) => (value(theta.with(i, x + 1e-6)) - value(theta.with(i, x - 1e-6))) / 2e-6);
    const error = relativeError(convNet(net, batch, theta).gradient, differences);
    assert(error < 1e-6, `${JSON.stringify(net)}: ${error}`);
  }
});

/** Images of 2 × 2 with a given red; one kernel of 3 × 3, no normalisation, logits (a, b) times the pooled value. */
const net: ConvNet = { side: 2, channels: [1], kernel: 3, hidden: [], classes: 2, batchNorm: false };
const red = (values: number[], label: number): Picture => ({ pixels: values.flatMap((r) => [r, 0, 0]), label });
/** Index of the kernel's entry for red. */
const entry = (row: number, column: number) => (3 * row + column) * 3;
function theta(kernel: [place: number, weight: number][], logits: [number, number]): number[] {
  const all = new Array<number>(27 + 1 + 2 + 2).fill(0);
  for (const [place, weight] of kernel) all[place] = weight;
  return all.with(28, logits[0]).with(29, logits[1]);
}

test('a kernel’s first entry sees the pixel above and to the left, by hand', () => {
  // z is 0 except for the last pixel, which sees the first's red: 0.5 · 2 = 1; its logit is 1.
  const { loss, gradient } = convNet(net, [red([0.5, 0.1, 0.2, 0.9], 1)], theta([[entry(0, 0), 2]], [1, 0]));
  near(loss, Math.log(1 + Math.E));
  const p = Math.E / (1 + Math.E);
  near(gradient[entry(0, 0)]!, p * 0.5);
  // The largest z is the last pixel's, which sees itself through the middle.
  near(gradient[entry(1, 1)]!, p * 0.9);
});

test('equal maxima share the gradient, by hand', () => {
  // All four z are 0.5 · 2; only the last sees the first pixel through the kernel's first entry.
  const { gradient } = convNet(net, [red([0.5, 0.5, 0.5, 0.5], 1)], theta([[entry(1, 1), 2]], [1, 0]));
  const p = Math.E / (1 + Math.E);
  near(gradient[entry(1, 1)]!, p * 0.5);
  near(gradient[entry(0, 0)]!, (p * 0.5) / 4);
});

test('batch normalisation, by hand: two images of one pixel', () => {
  const normalised: ConvNet = { ...net, side: 1, kernel: 1, batchNorm: true };
  const images = [
    { pixels: [0.2, 0, 0], label: 0 },
    { pixels: [0.6, 0, 0], label: 0 },
  ];
  // z = 1 and 3 (the bias of 7 cancels): mean 2, variance 1; then offset 0.25, ReLU, logits (1, 0) times that.
  const at = [5, 0, 0, 7, 0.25, 1, 0, 0, 0];
  const { loss, gradient } = convNet(normalised, images, at);
  const above = 1 / Math.sqrt(1 + 1e-3) + 0.25;
  near(loss, (Math.log(2) + Math.log(1 + Math.exp(-above))) / 2);
  near(gradient[3]!, 0);
  near(gradient[4]!, -1 / (1 + Math.exp(above)) / 2);
});
