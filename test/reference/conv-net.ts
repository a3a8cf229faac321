import { type Picture, softmax } from './cross-entropy.js';

/**
 * Mean softmax cross-entropy of a convolutional network in fp64, value by value, in the order of the paper: convolution,
 * batch normalisation, ReLU, max pooling. θ is, layer by layer, the kernels [k, k, inputs, outputs] or weights [inputs,
 * outputs], then the biases, then, with batch normalisation, the offsets, except in the last layer.
 */
export interface ConvNet {
  side: number;
  channels: number[];
  kernel: number;
  hidden: number[];
  classes: number;
  batchNorm: boolean;
}

/** [n][row][column][channel] */
type Maps = number[][][][];

const make = (n: number, side: number, channels: number, value: (...at: [number, number, number, number]) => number) =>
  range(n).map((p) => range(side).map((i) => range(side).map((j) => range(channels).map((c) => value(p, i, j, c)))));
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sizes = (maps: Maps) => [maps.length, maps[0]!.length, maps[0]![0]![0]!.length] as const;
const at = (maps: Maps, p: number, i: number, j: number, c: number) => maps[p]![i]?.[j]?.[c] ?? 0;

/** The loss, and its gradient like θ. */
export function convNet(net: ConvNet, batch: readonly Picture[], theta: readonly number[]) {
  const gradient = new Array<number>(theta.length).fill(0);
  const backs: ((delta: Maps) => Maps)[] = [];
  let offset = 0;
  const take = (size: number) => {
    offset += size;
    return offset - size;
  };
  let maps = make(batch.length, net.side, 3, (p, i, j, c) => batch[p]!.pixels[(i * net.side + j) * 3 + c]!);
  const apply = (layer: { output: Maps; back: (delta: Maps) => Maps }) => {
    maps = layer.output;
    backs.unshift(layer.back);
  };
  const rectifiedLayer = (kernel: number, outputs: number) => {
    const weights = take(kernel ** 2 * sizes(maps)[2] * outputs);
    const biases = take(outputs);
    apply(convolution(maps, kernel, outputs, theta, gradient, weights, biases));
    if (net.batchNorm) apply(batchNorm(maps, theta, gradient, take(outputs)));
    apply(relu(maps));
  };
  for (const outputs of net.channels) {
    rectifiedLayer(net.kernel, outputs);
    if (sizes(maps)[1] > 1) apply(maxPool(maps));
  }
  apply(flatten(maps));
  for (const outputs of net.hidden) rectifiedLayer(1, outputs);
  const weights = take(sizes(maps)[2] * net.classes);
  apply(convolution(maps, 1, net.classes, theta, gradient, weights, take(net.classes)));
  if (offset !== theta.length) throw new RangeError(`θ has ${theta.length} coordinates, the network ${offset}`);

  const probabilities = maps.map((map) => softmax(map[0]![0]!));
  const n = batch.length;
  const loss = batch.reduce((sum, { label }, p) => sum - Math.log(probabilities[p]![label]!) / n, 0);
  let delta = make(n, 1, net.classes, (p, _i, _j, c) => (probabilities[p]![c]! - (batch[p]!.label === c ? 1 : 0)) / n);
  for (const back of backs) delta = back(delta);
  return { loss, gradient };
}

/** Stride 1, zeros around, the side kept. A fully connected layer is one of 1 × 1 kernels on maps of one value. */
function convolution(
  input: Maps,
  k: number,
  outputs: number,
  theta: readonly number[],
  gradient: number[],
  weights: number,
  biases: number,
) {
  const [n, side, inputs] = sizes(input);
  const margin = (k - 1) / 2;
  const index = (a: number, b: number, c: number, o: number) => weights + ((a * k + b) * inputs + c) * outputs + o;
  /** Calls back for every product: the input's index, the output's, the weight's. */
  const each = (
    visit: (p: number, y: number, x: number, c: number, i: number, j: number, o: number, w: number) => void,
  ) => {
    for (const p of range(n))
      for (const i of range(side))
        for (const j of range(side))
          for (const a of range(k))
            for (const b of range(k)) {
              const [y, x] = [i + a - margin, j + b - margin];
              if (y < 0 || y >= side || x < 0 || x >= side) continue;
              for (const c of range(inputs))
                for (const o of range(outputs)) visit(p, y, x, c, i, j, o, index(a, b, c, o));
            }
  };
  const output = make(n, side, outputs, (_p, _i, _j, o) => theta[biases + o]!);
  each((p, y, x, c, i, j, o, w) => {
    output[p]![i]![j]![o]! += input[p]![y]![x]![c]! * theta[w]!;
  });
  const back = (delta: Maps): Maps => {
    const before = make(n, side, inputs, () => 0);
    each((p, y, x, c, i, j, o, w) => {
      gradient[w]! += input[p]![y]![x]![c]! * delta[p]![i]![j]![o]!;
      before[p]![y]![x]![c]! += theta[w]! * delta[p]![i]![j]![o]!;
    });
    for (const row of delta.flat(2)) for (const o of range(outputs)) gradient[biases + o]! += row[o]!;
    return before;
  };
  return { output, back };
}

/** (z - mean) / √(variance + 1e-3) + offset, mean and variance per channel over the mini-batch. */
function batchNorm(input: Maps, theta: readonly number[], gradient: number[], offsets: number) {
  const [n, side, channels] = sizes(input);
  const rows = input.flat(2);
  const count = rows.length;
  const columns = range(channels).map((c) => rows.map((row) => row[c]!));
  const means = columns.map((column) => column.reduce((a, b) => a + b, 0) / count);
  const deviations = columns.map((column, c) =>
    Math.sqrt(column.reduce((sum, z) => sum + (z - means[c]!) ** 2, 0) / count + 1e-3),
  );
  const normal = make(n, side, channels, (p, i, j, c) => (at(input, p, i, j, c) - means[c]!) / deviations[c]!);
  const output = make(n, side, channels, (p, i, j, c) => at(normal, p, i, j, c) + theta[offsets + c]!);
  const back = (delta: Maps): Maps => {
    const [deltas, normals] = [delta.flat(2), normal.flat(2)];
    const sums = range(channels).map((c) => deltas.reduce((sum, row) => sum + row[c]!, 0));
    const products = range(channels).map((c) => deltas.reduce((sum, row, r) => sum + row[c]! * normals[r]![c]!, 0));
    for (const c of range(channels)) gradient[offsets + c]! += sums[c]!;
    return make(
      n,
      side,
      channels,
      (p, i, j, c) =>
        (at(delta, p, i, j, c) - sums[c]! / count - (at(normal, p, i, j, c) * products[c]!) / count) / deviations[c]!,
    );
  };
  return { output, back };
}

function relu(input: Maps) {
  const [n, side, channels] = sizes(input);
  const output = make(n, side, channels, (p, i, j, c) => Math.max(at(input, p, i, j, c), 0));
  const back = (delta: Maps): Maps =>
    make(n, side, channels, (p, i, j, c) => (at(input, p, i, j, c) > 0 ? at(delta, p, i, j, c) : 0));
  return { output, back };
}

/** Over 2 × 2; equal maxima share the gradient. */
function maxPool(input: Maps) {
  const [n, side, channels] = sizes(input);
  const window = (p: number, i: number, j: number, c: number) =>
    [0, 1].flatMap((a) => [0, 1].map((b) => at(input, p, 2 * i + a, 2 * j + b, c)));
  const output = make(n, side / 2, channels, (...place) => Math.max(...window(...place)));
  const back = (delta: Maps): Maps =>
    make(n, side, channels, (p, y, x, c) => {
      const [i, j] = [Math.floor(y / 2), Math.floor(x / 2)];
      const largest = at(output, p, i, j, c);
      if (at(input, p, y, x, c) < largest) return 0;
      return at(delta, p, i, j, c) / window(p, i, j, c).filter((z) => z === largest).length;
    });
  return { output, back };
}

/** Maps of one value, and as many channels as there were values. */
function flatten(input: Maps) {
  const [n, side, channels] = sizes(input);
  const output = input.map((map) => [[map.flat(2)]]);
  const back = (delta: Maps): Maps =>
    make(n, side, channels, (p, i, j, c) => at(delta, p, 0, 0, (i * side + j) * channels + c));
  return { output, back };
}
