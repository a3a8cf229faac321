/**
 * a, b, c of X ← a X + b X Xᵀ X + c (X Xᵀ)² X, how often it is done, and what is added to the norm that a matrix is divided
 * by at first (github.com/KellerJordan/Muon).
 */
export const newtonSchulzConstants = { a: 3.4445, b: -4.775, c: 2.0315, iterations: 5, normFloor: 1e-7 } as const;

/**
 * Replaces matrices by themselves with their singular values brought near 1: G = U S Vᵀ becomes
 * U p(…p(S/(‖G‖ + 1e-7))) Vᵀ with p(σ) = a σ + b σ³ + c σ⁵ and the Frobenius norm ‖G‖ (Jordan et al. 2024).
 *
 * @param matrices [count, rows, columns]
 */
export type Orthogonalise = (matrices: Float64Array, rows: number, columns: number) => void;

/**
 * By Newton-Schulz iterations. Each iterate is a polynomial of the Gram matrix on the shorter side, K, times X_0. So K and
 * the polynomial P are what is iterated, K ← M² K and P ← M P with M = a I + b K + c K², and the long side is multiplied
 * only once at either end. In double, where K's squared condition does not matter.
 */
export const newtonSchulz: Orthogonalise = (matrices, rows, columns) => {
  for (let at = 0; at < matrices.length; at += rows * columns) {
    const matrix = matrices.subarray(at, at + rows * columns);
    matrix.set(iterated(matrix, rows, columns));
  }
};

function iterated(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const { a, b, c, iterations, normFloor } = newtonSchulzConstants;
  let squares = 0;
  for (let i = 0; i < matrix.length; i++) squares += matrix[i]! * matrix[i]!;
  const norm = Math.sqrt(squares) + normFloor;
  const start = matrix.map((x) => x / norm);
  const other = transposed(start, rows, columns);
  const tall = rows >= columns;
  const n = Math.min(rows, columns);
  let gram = tall ? symmetric(other, start, n, rows) : symmetric(start, other, n, columns);
  let polynomial: Float64Array | null = null;
  for (let i = 0; i < iterations; i++) {
    const square = symmetric(gram, gram, n, n);
    const step = gram.map((k, at) => b * k + c * square[at]!);
    for (let d = 0; d < n; d++) step[d * n + d]! += a;
    polynomial = polynomial ? symmetric(step, polynomial, n, n) : step;
    if (i < iterations - 1) gram = symmetric(step, symmetric(step, gram, n, n), n, n);
  }
  return tall ? product(start, polynomial!, rows, n, n) : product(polynomial!, start, n, n, columns);
}

/** X Y [n, n] of X [n, inner] and Y [inner, n] whose product is symmetric, as those of polynomials of one matrix are. */
function symmetric(x: Float64Array, y: Float64Array, n: number, inner: number): Float64Array {
  const out = product(x, y, n, inner, n, true);
  for (let r = 0; r < n; r++) for (let j = 0; j < r; j++) out[r * n + j] = out[j * n + r]!;
  return out;
}

/**
 * X Y [rows, columns] of X [rows, inner] and Y [inner, columns].
 * @param upper only the entries on the diagonal and to its right
 */
function product(x: Float64Array, y: Float64Array, rows: number, inner: number, columns: number, upper = false) {
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const row = r * columns;
    const first = upper ? r : 0;
    let i = 0;
    // Four rows of Y at a time, so that sums are loaded and stored a quarter as often.
    for (; i + 4 <= inner; i += 4) {
      const at = r * inner + i;
      const [x0, x1, x2, x3] = [x[at]!, x[at + 1]!, x[at + 2]!, x[at + 3]!];
      const y0 = i * columns;
      const [y1, y2, y3] = [y0 + columns, y0 + 2 * columns, y0 + 3 * columns];
      for (let j = first; j < columns; j++)
        out[row + j]! += x0 * y[y0 + j]! + x1 * y[y1 + j]! + x2 * y[y2 + j]! + x3 * y[y3 + j]!;
    }
    for (; i < inner; i++) {
      const left = x[r * inner + i]!;
      for (let j = first; j < columns; j++) out[row + j]! += left * y[i * columns + j]!;
    }
  }
  return out;
}

function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let r = 0; r < rows; r++) for (let j = 0; j < columns; j++) out[j * rows + r] = x[r * columns + j]!;
  return out;
}
