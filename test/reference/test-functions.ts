/** The classical test functions, term by term in fp64. Each returns f(x) and adds ∇f(x) to `gradient`. */

export type TestFunction =
  | { name: 'logistic'; X: number[][]; y: number[]; l2: number }
  | { name: 'rosenbrock'; o: number[]; a: number[] }
  | { name: 'rastrigin'; A: number[][]; b: number[]; c: number[]; alpha: number }
  | { name: 'ackley'; o: number[] }
  | { name: 'lasso'; A: number[][]; b: number[]; l1: number };

export function testFunction(f: TestFunction, x: readonly number[]): { value: number; gradient: number[] } {
  const gradient = x.map(() => 0);
  return { value: evaluate(f, x, gradient), gradient };
}

function evaluate(f: TestFunction, x: readonly number[], gradient: number[]): number {
  switch (f.name) {
    case 'logistic':
      return logistic(f, x, gradient);
    case 'rosenbrock':
      return rosenbrock(f, x, gradient);
    case 'rastrigin':
      return rastrigin(f, x, gradient);
    case 'ackley':
      return ackley(f, x, gradient);
    case 'lasso':
      return lasso(f, x, gradient);
  }
}

type Of<N extends TestFunction['name']> = Extract<TestFunction, { name: N }>;

/** -log of the probability of each example's class, one example after the other. */
function logistic({ X, y, l2 }: Of<'logistic'>, x: readonly number[], gradient: number[]): number {
  const bias = x.length - 1;
  let value = 0;
  for (const [k, row] of X.entries()) {
    const z = row.reduce((sum, feature, i) => sum + feature * x[i]!, x[bias]!);
    const sign = y[k] === 1 ? 1 : -1;
    // -log σ(sign z), and its derivative with respect to z.
    value += Math.log1p(Math.exp(-sign * z)) / X.length;
    const derivative = -sign / (1 + Math.exp(sign * z)) / X.length;
    for (const [i, feature] of row.entries()) gradient[i]! += derivative * feature;
    gradient[bias]! += derivative;
  }
  for (let i = 0; i < bias; i++) {
    value += (l2 / 2) * x[i]! ** 2;
    gradient[i]! += l2 * x[i]!;
  }
  return value;
}

function rosenbrock({ o, a }: Of<'rosenbrock'>, x: readonly number[], gradient: number[]): number {
  const z = x.map((value, i) => value - o[i]! + 1);
  let value = 0;
  for (let i = 0; i + 1 < z.length; i++) {
    const u = z[i + 1]! - z[i]! ** 2;
    value += a[i]! * u ** 2 + (1 - z[i]!) ** 2;
    gradient[i]! += 2 * a[i]! * u * -2 * z[i]! - 2 * (1 - z[i]!);
    gradient[i + 1]! += 2 * a[i]! * u;
  }
  return value;
}

function rastrigin({ A, b, c, alpha }: Of<'rastrigin'>, x: readonly number[], gradient: number[]): number {
  let value = squares(A, b, x, 1, gradient);
  for (const [i, xi] of x.entries()) {
    value += alpha * (1 - c[i]! * Math.cos(2 * Math.PI * xi));
    gradient[i]! += alpha * c[i]! * 2 * Math.PI * Math.sin(2 * Math.PI * xi);
  }
  return value;
}

function ackley({ o }: Of<'ackley'>, x: readonly number[], gradient: number[]): number {
  const d = x.length;
  const z = x.map((value, i) => value - o[i]!);
  const length = Math.hypot(...z);
  const bowl = -20 * Math.exp((-0.2 * length) / Math.sqrt(d));
  const ripples = -Math.exp(z.reduce((sum, zi) => sum + Math.cos(2 * Math.PI * zi), 0) / d);
  for (const [i, zi] of z.entries()) {
    gradient[i]! += length === 0 ? 0 : (bowl * -0.2 * zi) / (length * Math.sqrt(d));
    gradient[i]! += (ripples * -2 * Math.PI * Math.sin(2 * Math.PI * zi)) / d;
  }
  return bowl + ripples + 20 + Math.E;
}

function lasso({ A, b, l1 }: Of<'lasso'>, x: readonly number[], gradient: number[]): number {
  let value = squares(A, b, x, 0.5, gradient);
  for (const [i, xi] of x.entries()) {
    value += l1 * Math.abs(xi);
    gradient[i]! += l1 * Math.sign(xi);
  }
  return value;
}

/** factor · |Ax - b|², row by row. */
function squares(A: number[][], b: number[], x: readonly number[], factor: number, gradient: number[]): number {
  let value = 0;
  for (const [k, row] of A.entries()) {
    const residual = row.reduce((sum, entry, i) => sum + entry * x[i]!, -b[k]!);
    value += factor * residual ** 2;
    for (const [i, entry] of row.entries()) gradient[i]! += 2 * factor * residual * entry;
  }
  return value;
}
