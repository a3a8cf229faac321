import { crossEntropy, type Digit, type Perceptron } from './perceptron.js';

/** One function of a family, by its data, in fp64. */
export type FunctionData =
  | { name: 'simple' }
  | { name: 'parabola'; s: number[] }
  | { name: 'quadratic'; W: number[][]; y: number[] }
  | { name: 'mnist'; network: Perceptron; batch: (step: number) => Digit[] };

/** f(θ), of functions of mini-batches at a step. */
export function value(f: FunctionData, theta: readonly number[], step = 0): number {
  switch (f.name) {
    case 'simple':
      return theta[0]! ** 2;
    case 'parabola':
      return sum(theta.map((x, i) => (f.s[i]! * x) ** 2));
    case 'quadratic':
      return sum(residual(f.W, f.y, theta).map((r) => r ** 2));
    case 'mnist':
      return crossEntropy(f.network, f.batch(step), theta).loss;
  }
}

/** ∇f(θ), likewise. */
export function gradient(f: FunctionData, theta: readonly number[], step = 0): number[] {
  switch (f.name) {
    case 'simple':
      return [2 * theta[0]!];
    case 'parabola':
      return theta.map((x, i) => 2 * f.s[i]! ** 2 * x);
    case 'quadratic': {
      const r = residual(f.W, f.y, theta);
      return theta.map((_, column) => 2 * sum(r.map((value, row) => f.W[row]![column]! * value)));
    }
    case 'mnist':
      return crossEntropy(f.network, f.batch(step), theta).gradient;
  }
}

/** Wθ - y. */
function residual(W: number[][], y: number[], theta: readonly number[]): number[] {
  return W.map((row, i) => sum(row.map((w, j) => w * theta[j]!)) - y[i]!);
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
