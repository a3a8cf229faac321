import { type Picture, softmax } from './cross-entropy.js';

/**
 * Mean softmax cross-entropy of a multi-layer perceptron, digit by digit, unit by unit, in fp64. θ is, layer by layer,
 * the weights [inputs, outputs] row by row, then the biases.
 */
export interface Perceptron {
  /** Widths of all layers: pixels, hidden units, classes. */
  widths: number[];
  activation: 'sigmoid' | 'tanh' | 'relu';
}

/** Mean over the digits of the loss, and its gradient. */
export function crossEntropy(network: Perceptron, digits: readonly Picture[], theta: readonly number[]) {
  let loss = 0;
  const gradient = new Array<number>(theta.length).fill(0);
  for (const digit of digits) loss += addPicture(network, digit, theta, gradient);
  return { loss: loss / digits.length, gradient: gradient.map((g) => g / digits.length) };
}

/** One digit's loss; its gradient is added to `gradient`. */
function addPicture(
  { widths, activation }: Perceptron,
  { pixels, label }: Picture,
  theta: readonly number[],
  gradient: number[],
): number {
  // Values of the units of each layer, and the offset of the layer's weights in θ.
  const values = [pixels];
  const offsets = [0];
  for (let l = 1; l < widths.length; l++) {
    const [inputs, outputs, offset] = [widths[l - 1]!, widths[l]!, offsets[l - 1]!];
    offsets.push(offset + (inputs + 1) * outputs);
    const sums = Array.from({ length: outputs }, (_, j) => {
      let sum = theta[offset + inputs * outputs + j]!;
      for (let i = 0; i < inputs; i++) sum += values[l - 1]![i]! * theta[offset + i * outputs + j]!;
      return sum;
    });
    values.push(l === widths.length - 1 ? softmax(sums) : sums.map((z) => activate(activation, z)));
  }
  const probabilities = values.at(-1)!;
  // dloss/dz of the current layer, the last first.
  let delta = probabilities.map((p, j) => p - (j === label ? 1 : 0));
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
    delta = before.map((d, i) => d * derivative(activation, below[i]!));
  }
  return -Math.log(probabilities[label]!);
}

function activate(activation: Perceptron['activation'], z: number): number {
  switch (activation) {
    case 'sigmoid':
      return 1 / (1 + Math.exp(-z));
    case 'tanh':
      return Math.tanh(z);
    case 'relu':
      return Math.max(z, 0);
  }
}

/** The activation's derivative, by its value. */
function derivative(activation: Perceptron['activation'], value: number): number {
  switch (activation) {
    case 'sigmoid':
      return value * (1 - value);
    case 'tanh':
      return 1 - value ** 2;
    case 'relu':
      return value > 0 ? 1 : 0;
  }
}
