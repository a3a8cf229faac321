import type { LstmSpec, PreprocessSpec } from '../contract/networks/lstm.js';
import { sizeOf } from '../weights/tensors.js';
import { multiply, mustKnow, type Network, type Slot, type Weights } from './network.js';

/** ε of DeepMind's preprocessing: the spacing of fp32 at 1. */
const epsilon = 2 ** -23;

/**
 * An LSTM over blocks of w coordinates: one coordinate, the entries of a convolution's kernel for one pair of channels, or
 * all coordinates. The state is h and c of each layer, each [blocks, units].
 */
export function lstm(spec: LstmSpec, weights: Weights): Network {
  // Files of the first version have no `over`.
  const over = spec.over ?? 'coordinate';
  mustKnow(spec, ['layers', 'inputProjection', 'preprocess', 'outputScale'], {
    over: [over, ['coordinate', 'kernel', 'all']],
    'preprocess.name': [spec.preprocess?.name, ['none', 'log-sign-paper', 'log-sign-deepmind']],
  });
  const { layers, outputScale } = spec;
  const width = over === 'coordinate' ? 1 : (weights.shapeOf('output.bias')?.[0] ?? 1);
  let inputs = spec.preprocess.name === 'none' ? width : 2 * width;
  const seen = new Float64Array(inputs);
  const affine = (name: string, from: number, to: number) => {
    inputs = to;
    return weights.affine(name, from, to);
  };
  const projection = spec.inputProjection === null ? null : affine('input', inputs, spec.inputProjection);
  const projected = new Float64Array(inputs);
  const cells = layers.map((units, l) => {
    const width = inputs;
    const map = weights.affine(`lstm.${l}`, width + units, 4 * units);
    inputs = units;
    return { units, width, map, xh: new Float64Array(width + units), z: new Float64Array(4 * units) };
  });
  const last = new Float64Array(inputs);
  const output = affine('output', inputs, width);
  const out = new Float64Array(width);
  const g = new Float64Array(width);

  const blocksOf = (shapes: readonly (readonly number[])[]): number => {
    const size = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
    if (over === 'all' && size !== width)
      throw new RangeError(
        `this optimizer was trained on ${width} coordinates, and fits no other number: here are ${size}`,
      );
    const odd = shapes.find((shape) => over === 'kernel' && (shape.length !== 4 || shape[0]! * shape[1]! !== width));
    if (odd)
      throw new RangeError(
        `this optimizer takes convolution kernels [k, k, in, out] with k · k = ${width}, not [${odd}]: give others to another optimizer`,
      );
    return size / width;
  };

  /** From g to u, in `out`, of block number `block` of all. */
  const stepBlock = (state: readonly Float32Array[], block: number) => {
    preprocess(spec.preprocess, g, seen);
    if (projection) multiply(projection, seen, projected);
    let x = projection ? projected : seen;
    cells[0]?.xh.set(x);
    for (let l = 0; l < cells.length; l++) {
      const { units, width, map, xh, z } = cells[l]!;
      const [h, c] = [state[2 * l]!, state[2 * l + 1]!];
      const first = block * units;
      for (let u = 0; u < units; u++) xh[width + u] = h[first + u]!;
      multiply(map, xh, z);
      x = l + 1 < cells.length ? cells[l + 1]!.xh : last;
      for (let u = 0; u < units; u++) {
        const cell = sigmoid(z[units + u]!) * c[first + u]! + sigmoid(z[u]!) * tanh(z[2 * units + u]!);
        c[first + u] = cell;
        x[u] = h[first + u] = sigmoid(z[3 * units + u]!) * tanh(cell);
      }
    }
    multiply(output, x, out);
    for (let i = 0; i < width; i++) out[i]! *= outputScale;
  };

  return {
    usualRate: 1,
    seesValues: false,

    state(shapes) {
      const blocks = blocksOf(shapes);
      return layers.flatMap((units) => [new Float32Array(blocks * units), new Float32Array(blocks * units)]);
    },

    step(slots, state) {
      if (over === 'all') {
        if (slots.some(({ gradient }) => gradient === null))
          throw new RangeError('a gradient is missing: this optimizer sees all of them at once');
        each(slots, (slot, i, all) => {
          g[all] = slot.gradient![i]!;
        });
        stepBlock(state, 0);
        each(slots, (slot, i, all) => {
          slot.update[i] = out[all]!;
        });
        return;
      }
      let block = 0;
      for (const { gradient, update } of slots) {
        // The entries of a kernel are as far apart as there are pairs of channels.
        const stride = update.length / width;
        if (gradient === null) {
          block += stride;
          continue;
        }
        for (let b = 0; b < stride; b++) {
          for (let i = 0; i < width; i++) g[i] = gradient[i * stride + b]!;
          stepBlock(state, block++);
          for (let i = 0; i < width; i++) update[i * stride + b] = out[i]!;
        }
      }
    },
  };
}

/** Every coordinate, with its place in its slot and among all. */
function each(slots: readonly Slot[], visit: (slot: Slot, i: number, all: number) => void): void {
  let all = 0;
  for (const slot of slots) for (let i = 0; i < slot.update.length; i++) visit(slot, i, all++);
}

/** What the network sees of a gradient [w]: [w], or [2 w] with the logarithms first. `PreprocessSpec` has the formulas. */
function preprocess(spec: PreprocessSpec, g: Float64Array, x: Float64Array): void {
  const w = g.length;
  switch (spec.name) {
    case 'none':
      x.set(g);
      return;
    case 'log-sign-paper': {
      const threshold = Math.exp(-spec.p);
      const slope = Math.exp(spec.p);
      for (let i = 0; i < w; i++) {
        const size = Math.abs(g[i]!);
        x[i] = Math.log(Math.max(size, threshold)) / spec.p;
        x[w + i] = size >= threshold ? Math.sign(g[i]!) : slope * g[i]!;
      }
      return;
    }
    case 'log-sign-deepmind': {
      const slope = Math.exp(spec.k);
      for (let i = 0; i < w; i++) {
        x[i] = Math.max(Math.log(Math.abs(g[i]!) + epsilon) / spec.k, -1);
        x[w + i] = Math.min(Math.max(slope * g[i]!, -1), 1);
      }
    }
  }
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** Twice as fast as Math.tanh, and as exact as fp32 needs. */
function tanh(z: number): number {
  return 1 - 2 / (1 + Math.exp(2 * z));
}
