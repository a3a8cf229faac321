/** a, b, c of X ← a X + b X Xᵀ X + c (X Xᵀ)² X, and how often it is done (github.com/KellerJordan/Muon). */
const [a, b, c] = [3.4445, -4.775, 2.0315];
const iterations = 5;
/** Added to the norm that a matrix is divided by at first; from the same source. */
const normFloor = 1e-7;

/**
 * A matrix with its singular values brought near 1 by Newton-Schulz iterations: G = U S Vᵀ becomes U p(…p(S/(‖G‖ + 1e-7))) Vᵀ
 * with p(σ) = a σ + b σ³ + c σ⁵ and the Frobenius norm ‖G‖ (Jordan et al. 2024).
 *
 * Each iterate is a polynomial of the Gram matrix on the shorter side, K, times X_0. So K and the polynomial P are what is
 * iterated, K ← M² K and P ← M P with M = a I + b K + c K², and the long side is multiplied only once at either end. In
 * double, where K's squared condition does not matter.
 *
 * @param matrix [rows, columns], row by row
 */
export function newtonSchulz(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const norm = Math.sqrt(matrix.reduce((sum, x) => sum + x * x, 0)) + normFloor;
  const start = matrix.map((x) => x / norm);
  const tall = rows >= columns;
  const n = Math.min(rows, columns);
  let gram = tall ? columnGram(start, columns) : product(start, transposed(start, rows, columns), rows, columns, rows);
  let polynomial: Float64Array | null = null;
  for (let i = 0; i < iterations; i++) {
    const square = product(gram, gram, n, n, n);
    const step = gram.map((k, at) => b * k + c * square[at]!);
    for (let d = 0; d < n; d++) step[d * n + d]! += a;
    polynomial = polynomial ? product(step, polynomial, n, n, n) : step;
    if (i < iterations - 1) gram = product(step, product(step, gram, n, n, n), n, n, n);
  }
  return tall ? product(start, polynomial!, rows, n, n) : product(polynomial!, start, n, n, columns);
}

/** XᵀX [columns, columns] of X [rows, columns]. */
function columnGram(x: Float64Array, columns: number): Float64Array {
  const gram = new Float64Array(columns * columns);
  for (let row = 0; row < x.length; row += columns)
    for (let i = 0; i < columns; i++) {
      const left = x[row + i]!;
      const out = i * columns;
      for (let j = 0; j < columns; j++) gram[out + j]! += left * x[row + j]!;
    }
  return gram;
}

/** X Y [rows, columns] of X [rows, inner] and Y [inner, columns]. */
function product(x: Float64Array, y: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const row = r * columns;
    for (let i = 0; i < inner; i++) {
      const left = x[r * inner + i]!;
      const from = i * columns;
      for (let j = 0; j < columns; j++) out[row + j]! += left * y[from + j]!;
    }
  }
  return out;
}

function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let r = 0; r < rows; r++) for (let j = 0; j < columns; j++) out[j * rows + r] = x[r * columns + j]!;
  return out;
}
