/** Muon's step for a matrix, in fp64 by a singular value decomposition: independent of src/core/optimizers. */

export type Matrix = readonly (readonly number[])[];

export interface MuonOptions {
  learningRate: number;
  momentum: number;
  weightDecay: number;
}

/**
 * m ← μ m + (1 - μ) g; θ ← θ - α (√max(1, columns/rows) Φ(μ m + (1 - μ) g) + λ θ), Φ as {@link orthogonalised}.
 * @returns the update and the new m
 */
export function muonStep({ learningRate, momentum, weightDecay }: MuonOptions, g: Matrix, mean: Matrix, theta: Matrix) {
  const blend = (a: Matrix, b: Matrix) =>
    a.map((row, i) => row.map((x, j) => momentum * x + (1 - momentum) * b[i]![j]!));
  const next = blend(mean, g);
  const scale = Math.sqrt(Math.max(1, g[0]!.length / g.length));
  const update = orthogonalised(blend(next, g)).map((row, i) =>
    row.map((x, j) => -learningRate * (scale * x + weightDecay * theta[i]![j]!)),
  );
  return { update, mean: next };
}

/** U Φ(S) Vᵀ of G = U S Vᵀ, Φ five times σ ← 3.4445 σ - 4.775 σ³ + 2.0315 σ⁵, from S/(‖G‖ + 1e-7). */
export function orthogonalised(g: Matrix): number[][] {
  const norm = Math.sqrt(g.flat().reduce((sum, x) => sum + x * x, 0)) + 1e-7;
  const result = g.map((row) => row.map(() => 0));
  for (const { left, right } of singularPairs(g)) {
    const size = Math.sqrt(dot(left, left));
    if (size === 0) continue;
    const share = flattened(size / norm) / size;
    for (const [i, row] of result.entries()) for (const j of row.keys()) row[j]! += share * left[i]! * right[j]!;
  }
  return result;
}

/** What five iterations make of a singular value. */
export function flattened(sigma: number): number {
  let s = sigma;
  for (let i = 0; i < 5; i++) s = 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5;
  return s;
}

/**
 * σ u and v of each singular value, by one-sided Jacobi rotations (Hestenes 1958): columns of G V are made orthogonal in
 * pairs until all are, V being the product of the rotations. What is below 1e-14 of the norm is 0.
 */
function singularPairs(g: Matrix): { left: number[]; right: number[] }[] {
  const n = g[0]!.length;
  const left = Array.from({ length: n }, (_, j) => g.map((row) => row[j]!));
  const negligible = 1e-28 * g.flat().reduce((sum, x) => sum + x * x, 0);
  const right = Array.from({ length: n }, (_, j) => Array.from({ length: n }, (_, i) => (i === j ? 1 : 0)));
  for (let turned = true; turned; ) {
    turned = false;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const [a, b, c] = [dot(left[p]!, left[p]!), dot(left[q]!, left[q]!), dot(left[p]!, left[q]!)];
        if (Math.abs(c) <= Math.max(1e-13 * Math.sqrt(a * b), negligible)) continue;
        turned = true;
        const angle = Math.atan2(2 * c, a - b) / 2;
        for (const vectors of [left, right]) rotate(vectors, p, q, Math.cos(angle), Math.sin(angle));
      }
  }
  return left.map((column, j) => ({ left: column, right: right[j]! }));
}

function rotate(vectors: number[][], p: number, q: number, cos: number, sin: number): void {
  const [x, y] = [vectors[p]!, vectors[q]!];
  vectors[p] = x.map((value, i) => cos * value + sin * y[i]!);
  vectors[q] = y.map((value, i) => cos * value - sin * x[i]!);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
