import { type Picture, softmax } from './cross-entropy.js';

/**
 * The mean loss of a multi-layer perceptron, image by image, unit by unit, in fp64. θ is, layer by layer, the weights
 * [inputs, outputs] row by row, then the biases.
 */
export interface Perceptron {
  /** Widths of all layers: pixels, hidden units, outputs. */
  widths: number[];
  activation: 'sigmoid' | 'tanh' | 'relu' | 'gelu';
  /** "reconstruction": the mean squared distance of the outputs' sigmoids to the pixels. */
  loss: 'cross-entropy' | 'squared-error' | 'reconstruction';
}

/** Mean over the images of the loss, and its gradient. */
export function perceptron(network: Perceptron, images: readonly Picture[], theta: readonly number[]) {
  let loss = 0;
  const gradient = new Array<number>(theta.length).fill(0);
  for (const image of images) loss += addPicture(network, image, theta, gradient);
  return { loss: loss / images.length, gradient: gradient.map((g) => g / images.length) };
}

/** One image's loss; its gradient is added to `gradient`. */
function addPicture(
  { widths, activation, loss }: Perceptron,
  picture: Picture,
  theta: readonly number[],
  gradient: number[],
): number {
  // Sums and values of the units of each layer, and the offset of the layer's weights in θ.
  const allSums: number[][] = [[]];
  const values = [picture.pixels];
  const offsets = [0];
  for (let l = 1; l < widths.length; l++) {
    const [inputs, outputs, offset] = [widths[l - 1]!, widths[l]!, offsets[l - 1]!];
    offsets.push(offset + (inputs + 1) * outputs);
    const sums = Array.from({ length: outputs }, (_, j) => {
      let sum = theta[offset + inputs * outputs + j]!;
      for (let i = 0; i < inputs; i++) sum += values[l - 1]![i]! * theta[offset + i * outputs + j]!;
      return sum;
    });
    allSums.push(sums);
    values.push(sums.map((z) => activate(activation, z)));
  }
  const found = outputLoss(loss, allSums.at(-1)!, picture);
  // dloss/dz of the current layer, the last first.
  let { delta } = found;
  for (let l = widths.length - 1; l > 0; l--) {
    const [inputs, outputs, offset] = [widths[l - 1]!, widths[l]!, offsets[l - 1]!];
    const below = values[l - 1]!;
    const before = new Array<number>(inputs).fill(0);
    for (let j = 0; j < outputs; j++) {
      gradient[offset + inputs * outputs + j]! += delta[j]!;
      for (let i = 0; i < inputs; i++) {
        gradient[offset + i * outputs + j]! += below[i]! * delta[j]!;
        before[i]! += theta[offset + i * outputs + j]! * delta[j]!;
      }
    }
    delta = before.map((d, i) => d * derivative(activation, allSums[l - 1]![i] ?? 0));
  }
  return found.value;
}

/** One image's loss by the outputs z, and its gradient. */
function outputLoss(loss: Perceptron['loss'], z: number[], { pixels, label }: Picture) {
  const oneHot = z.map((_, j) => (j === label ? 1 : 0));
  switch (loss) {
    case 'cross-entropy': {
      const p = softmax(z);
      return { value: -Math.log(p[label]!), delta: p.map((p, j) => p - oneHot[j]!) };
    }
    case 'squared-error': {
      const off = z.map((z, j) => z - oneHot[j]!);
      return { value: off.reduce((sum, o) => sum + o * o, 0), delta: off.map((o) => 2 * o) };
    }
    case 'reconstruction': {
      const p = z.map((z) => 1 / (1 + Math.exp(-z)));
      const off = p.map((p, j) => (p - pixels[j]!) / z.length);
      const value = off.reduce((sum, o) => sum + o * o, 0) * z.length;
      return { value, delta: off.map((o, j) => 2 * o * p[j]! * (1 - p[j]!)) };
    }
  }
}

function activate(activation: Perceptron['activation'], z: number): number {
  switch (activation) {
    case 'sigmoid':
      return 1 / (1 + Math.exp(-z));
    case 'tanh':
      return Math.tanh(z);
    case 'relu':
      return Math.max(z, 0);
    case 'gelu':
      return (z / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
  }
}

function derivative(activation: Perceptron['activation'], z: number): number {
  switch (activation) {
    case 'sigmoid':
      return Math.exp(-z) / (1 + Math.exp(-z)) ** 2;
    case 'tanh':
      return 1 / Math.cosh(z) ** 2;
    case 'relu':
      return z > 0 ? 1 : 0;
    case 'gelu': {
      const c = Math.sqrt(2 / Math.PI);
      const u = c * (z + 0.044715 * z ** 3);
      return (1 + Math.tanh(u)) / 2 + ((z / 2) * (c + 3 * c * 0.044715 * z ** 2)) / Math.cosh(u) ** 2;
    }
  }
}
