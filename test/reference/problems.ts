import { type ConvNet, convNet } from './conv-net.js';
import type { Picture } from './cross-entropy.js';
import { type Perceptron, perceptron } from './perceptron.js';
import { type TestFunction, testFunction } from './test-functions.js';

/** One function of a family, by its data, in fp64. */
export type FunctionData =
  | { name: 'simple' | 'simple-multi' }
  | { name: 'parabola'; s: number[] }
  | { name: 'quadratic'; W: number[][]; y: number[] }
  | { name: 'perceptron'; network: Perceptron; batch: (step: number) => Picture[] }
  | { name: 'conv-net'; network: ConvNet; batch: (step: number) => Picture[] }
  | TestFunction
  | { name: 'rescaled'; inner: FunctionData; c: number[] }
  | { name: 'noisy'; inner: FunctionData; noise: (step: number) => number[] }
  | { name: 'ensemble'; members: { f: FunctionData; weight: number; dimension: number }[] }
  | { name: 'rounded'; inner: FunctionData; errors: (step: number) => RoundingErrors };

/** Errors of one gradient, one per coordinate: ∇f is taken at θ_i (1 + theta_i), and ‖∇f‖ gradient_i is added to it. */
export interface RoundingErrors {
  theta: number[];
  gradient: number[];
}

/** f(θ); on a step's mini-batch, if the function has them. */
export function value(f: FunctionData, theta: readonly number[], step = 0): number {
  switch (f.name) {
    case 'simple':
      return theta[0]! ** 2;
    case 'simple-multi':
      return sum(theta.map((x) => x ** 2));
    case 'parabola':
      return sum(theta.map((x, i) => (f.s[i]! * x) ** 2));
    case 'quadratic':
      return sum(residual(f.W, f.y, theta).map((r) => r ** 2));
    case 'perceptron':
      return perceptron(f.network, f.batch(step), theta).loss;
    case 'conv-net':
      return convNet(f.network, f.batch(step), theta).loss;
    case 'logistic':
    case 'rosenbrock':
    case 'rastrigin':
    case 'ackley':
    case 'lasso':
      return testFunction(f, theta).value;
    case 'rescaled':
      return value(f.inner, times(f.c, theta), step);
    case 'noisy':
    case 'rounded':
      return value(f.inner, theta, step);
    case 'ensemble':
      return sum(members(f, theta).map(({ f, weight, own }) => weight * value(f, own, step)));
  }
}

/** ∇f(θ), likewise. */
export function gradient(f: FunctionData, theta: readonly number[], step = 0): number[] {
  switch (f.name) {
    case 'simple':
    case 'simple-multi':
      return theta.map((x) => 2 * x);
    case 'parabola':
      return theta.map((x, i) => 2 * f.s[i]! ** 2 * x);
    case 'quadratic': {
      const r = residual(f.W, f.y, theta);
      return theta.map((_, column) => 2 * sum(r.map((value, row) => f.W[row]![column]! * value)));
    }
    case 'perceptron':
      return perceptron(f.network, f.batch(step), theta).gradient;
    case 'conv-net':
      return convNet(f.network, f.batch(step), theta).gradient;
    case 'logistic':
    case 'rosenbrock':
    case 'rastrigin':
    case 'ackley':
    case 'lasso':
      return testFunction(f, theta).gradient;
    case 'rescaled':
      return times(f.c, gradient(f.inner, times(f.c, theta), step));
    case 'noisy':
      return gradient(f.inner, theta, step);
    case 'ensemble':
      return members(f, theta).flatMap(({ f, weight, own }) => gradient(f, own, step).map((g) => weight * g));
    case 'rounded':
      return rounded(f, theta, step, gradient);
  }
}

/** The gradient as an optimizer sees it. */
export function observed(f: FunctionData, theta: readonly number[], step = 0): number[] {
  switch (f.name) {
    case 'rescaled':
      return times(f.c, observed(f.inner, times(f.c, theta), step));
    case 'noisy': {
      const noise = f.noise(step);
      return observed(f.inner, theta, step).map((g, i) => g + noise[i]!);
    }
    case 'ensemble':
      return members(f, theta).flatMap(({ f, weight, own }) => observed(f, own, step).map((g) => weight * g));
    case 'rounded':
      return rounded(f, theta, step, observed);
    default:
      return gradient(f, theta, step);
  }
}

function rounded(
  { inner, errors }: FunctionData & { name: 'rounded' },
  theta: readonly number[],
  step: number,
  of: typeof gradient,
): number[] {
  const e = errors(step);
  const beside = theta.map((x, i) => x * (1 + e.theta[i]!));
  const g = of(inner, beside, step);
  const norm = Math.hypot(...g);
  return g.map((x, i) => x + norm * e.gradient[i]!);
}

/** The functions of an ensemble, each with its own coordinates. */
function members({ members }: FunctionData & { name: 'ensemble' }, theta: readonly number[]) {
  let offset = 0;
  return members.map(({ f, weight, dimension }) => {
    offset += dimension;
    return { f, weight, own: theta.slice(offset - dimension, offset) };
  });
}

function times(a: readonly number[], b: readonly number[]): number[] {
  return a.map((x, i) => x * b[i]!);
}

/** Wθ - y. */
function residual(W: number[][], y: number[], theta: readonly number[]): number[] {
  return W.map((row, i) => sum(row.map((w, j) => w * theta[j]!)) - y[i]!);
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
