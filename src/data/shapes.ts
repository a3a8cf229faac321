import { createHash } from 'node:crypto';
import type { Dataset, Examples } from '../contract/datasets.js';
import { shapeLabels } from '../contract/problems/shapes.js';
import { Purpose, RandomStream } from '../core/random/random.js';

/** The same images for every job, so that results can be compared. */
const seed = 1;
const counts = { training: 4000, heldOut: 1000 };

/**
 * Images of coloured shapes, drawn by the counter-based generator, an eighth of them per class. Every image has its own
 * colours, place, size and rotation, a background with a colour gradient, and noise.
 * @param side pixels per row and column; inputs are [n, side · side · 3], channels last
 */
export async function makeShapes(side: number): Promise<Dataset> {
  const training = draw(0, counts.training, side);
  const heldOut = draw(counts.training, counts.heldOut, side);
  const hash = createHash('sha256');
  for (const part of [training, heldOut]) hash.update(part.inputs).update(part.labels);
  return { fingerprint: hash.digest('hex'), training, heldOut };
}

function draw(first: number, count: number, side: number): Examples {
  const width = 3 * side ** 2;
  const inputs = new Uint8Array(count * width);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const label = (first + i) % shapeLabels.length;
    labels[i] = label;
    const random = new RandomStream(seed, Purpose.images, first + i);
    paint(inputs.subarray(i * width, (i + 1) * width), side, shapeLabels[label]!, random);
  }
  return { inputs, width, labels };
}

type Label = (typeof shapeLabels)[number];
type Colour = readonly [number, number, number];

/** Amplitude of the noise, as a share of the whole range. */
const noise = 0.1;

/** @param image [side, side, 3] */
function paint(image: Uint8Array, side: number, label: Label, random: RandomStream): void {
  const uniform = uniformFrom(random);
  const colour = (low: number, high: number): Colour => [uniform(low, high), uniform(low, high), uniform(low, high)];
  const background = colour(0, 0.45);
  const gradient = colour(-0.15, 0.15);
  const ink = colour(0.4, 1);
  const radius = uniform(0.28, 0.46);
  const [centreX, centreY] = [uniform(radius, 1 - radius), uniform(radius, 1 - radius)];
  const turn = uniform(-0.4, 0.4);
  const [cos, sin] = [Math.cos(turn) / radius, Math.sin(turn) / radius];
  const across = uniform(0, 2 * Math.PI);
  const [acrossX, acrossY] = [Math.cos(across), Math.sin(across)];
  const contains = outlines[label];
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      // Four points per pixel smooth the outline.
      let covered = 0;
      for (let point = 0; point < 4; point++) {
        const x = (column + 0.25 + 0.5 * (point & 1)) / side - centreX;
        const y = (row + 0.25 + 0.5 * (point >> 1)) / side - centreY;
        if (x * x + y * y > radius * radius) continue;
        if (contains(cos * x + sin * y, cos * y - sin * x)) covered += 0.25;
      }
      const distance = 2 * (acrossX * (column / side - 0.5) + acrossY * (row / side - 0.5));
      const grain = random.nextUint32();
      for (let c = 0; c < 3; c++) {
        const shade = (1 - covered) * (background[c]! + distance * gradient[c]!) + covered * ink[c]!;
        const speck = ((grain >>> (8 * c)) & 255) / 127.5 - 1;
        const byte = Math.round(255 * (shade + noise * speck));
        image[3 * (row * side + column) + c] = Math.min(Math.max(byte, 0), 255);
      }
    }
}

function uniformFrom(random: RandomStream): (low: number, high: number) => number {
  const one = new Float32Array(1);
  return (low, high) => {
    random.fillUniform(one, low, high);
    return one[0]!;
  };
}

/** Unit vectors at equal angles. */
const directions = (n: number) =>
  Array.from({ length: n }, (_, i) => [Math.cos((2 * Math.PI * i) / n), Math.sin((2 * Math.PI * i) / n)] as const);
const [three, five] = [directions(3), directions(5)];

/** Whether a point of the unit disc is in the shape. */
const outlines: { readonly [L in Label]: (x: number, y: number) => boolean } = {
  circle: () => true,
  ring: (x, y) => x * x + y * y >= 0.4,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.7,
  frame: (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.7 && Math.max(Math.abs(x), Math.abs(y)) >= 0.45,
  triangle: (x, y) => countWithin(three, 0.5, x, y) === 3,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) <= 0.28,
  // A pentagram: its points are beyond at most one of its five lines.
  star: (x, y) => countWithin(five, Math.cos((2 * Math.PI) / 5), x, y) >= 4,
  bar: (_x, y) => Math.abs(y) <= 0.28,
};

/** The number of lines at a distance from the centre that have the point on their inner side. */
function countWithin(normals: readonly (readonly [number, number])[], distance: number, x: number, y: number): number {
  let within = 0;
  for (const [normalX, normalY] of normals) if (normalX * x + normalY * y <= distance) within++;
  return within;
}
