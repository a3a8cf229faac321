#pragma once
// Newton-Schulz iterations in double, as src/core/optimizers/newton-schulz.ts does them: polynomials of the Gram matrix of the
// shorter side.
#include "memory.h"
#include "parallel.h"
#include "tiles.h"

namespace metadescent::METADESCENT_ISA {

constexpr int kDoubles = kLanes / 2;
typedef double Doubles __attribute__((vector_size(4 * kLanes), may_alias));

INLINE Doubles set_doubles(double x) { return x - Doubles{}; }

INLINE Doubles fma(Doubles a, Doubles b, Doubles c) {
#if METADESCENT_LANES == 16 && defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif METADESCENT_LANES == 8 && defined(__FMA__)
  return _mm256_fmadd_pd(a, b, c);
#elif METADESCENT_LANES == 4 && defined(__ARM_NEON)
  return vfmaq_f64(c, a, b);
#else
  return a * b + c;
#endif
}

/** Rows and vectors of a register tile. */
constexpr int kDoubleRows = kRegisters == 32 ? 8 : 4;
constexpr int kDoubleVectors = kRegisters == 32 ? 3 : 2;

/** Numbers [rows][stride] with stride whole vectors; those beyond `columns` are 0. */
struct Doubled {
  double* data;
  long rows, columns, stride;

  Doubled(long r, long c, Arena& arena) : rows(r), columns(c), stride((c + kDoubles - 1) / kDoubles * kDoubles) {
    data = arena.take<double>(static_cast<size_t>(rows * stride));
  }

  double* row(long r) const { return data + r * stride; }
};

/**
 * out = X Y, or Xᵀ Y.
 * @param upper whether the product is symmetric, so that its lower half is the upper one's copy
 */
template <bool Transposed>
inline void multiply(const Doubled& x, const Doubled& y, const Doubled& out, bool upper) {
  const long row_step = Transposed ? 1 : x.stride, step = Transposed ? x.stride : 1;
  for_tiles<kDoubleVectors>(static_cast<int>(out.stride / kDoubles), [&](int vector, auto vectors) {
    constexpr int J = decltype(vectors)::value;
    const long column = vector * kDoubles;
    const long needed = upper ? min_of(out.rows, column + J * kDoubles) : out.rows;
    for_tiles<kDoubleRows>(static_cast<int>(needed), [&](int row, auto rows) {
      constexpr int R = decltype(rows)::value;
      Doubles a[R][J] = {};
      const double* left = x.data + row * row_step;
      const double* right = y.data + column;
#pragma GCC unroll 1
      for (long i = 0; i < y.rows; i++) {
        Doubles ys[J];
        UNROLL for (int j = 0; j < J; j++) ys[j] = *reinterpret_cast<const Doubles*>(right + j * kDoubles);
        UNROLL for (int r = 0; r < R; r++) {
          const Doubles xs = set_doubles(left[r * row_step]);
          UNROLL for (int j = 0; j < J; j++) a[r][j] = fma(xs, ys[j], a[r][j]);
        }
        left += step;
        right += y.stride;
      }
      UNROLL for (int r = 0; r < R; r++)
        UNROLL for (int j = 0; j < J; j++) *reinterpret_cast<Doubles*>(out.row(row + r) + column + j * kDoubles) = a[r][j];
    });
  });
  for (long r = 0; upper && r < out.rows; r++)
    for (long c = 0; c < r; c++) out.row(r)[c] = out.row(c)[r];
}

/** One matrix; its memory, and the arithmetic. */
class NewtonSchulz {
  const Orthogonalisation& task;
  const bool wide;
  const long n;
  /** The matrix over its norm, tall; its Gram matrix, the polynomial of it so far, a step's polynomial, and scratch. */
  Doubled start, gram, polynomial, step, scratch;

 public:
  /** Takes its memory; with a counting arena it only counts. */
  NewtonSchulz(const Orthogonalisation& t, Arena& arena)
      : task(t),
        wide(t.rows < t.columns),
        n(min_of(t.rows, t.columns)),
        start(max_of(t.rows, t.columns), n, arena),
        gram(n, n, arena),
        polynomial(n, n, arena),
        step(n, n, arena),
        scratch(n, n, arena) {}

  void run(double* matrix) {
    double squares = 0;
    for (long i = 0; i < task.rows * task.columns; i++) squares += matrix[i] * matrix[i];
    const double norm = __builtin_sqrt(squares) + task.norm_floor;
    for (long r = 0; r < start.rows; r++) {
      for (long c = 0; c < n; c++) start.row(r)[c] = at(matrix, r, c) / norm;
      for (long c = n; c < start.stride; c++) start.row(r)[c] = 0;
    }
    multiply<true>(start, start, gram, true);
    for (int i = 0; i < task.iterations; i++) {
      multiply<false>(gram, gram, scratch, true);
      for (long e = 0; e < n * step.stride; e++) step.data[e] = task.b * gram.data[e] + task.c * scratch.data[e];
      for (long d = 0; d < n; d++) step.row(d)[d] += task.a;
      if (i == 0) {
        __builtin_memcpy(polynomial.data, step.data, sizeof(double) * n * step.stride);
      } else {
        multiply<false>(step, polynomial, scratch, true);
        const Doubled before = polynomial;
        polynomial = scratch;
        scratch = before;
      }
      if (i == task.iterations - 1) break;
      multiply<false>(step, gram, scratch, true);
      multiply<false>(step, scratch, gram, true);
    }
    // The product takes the place of what it is made of, a few rows at a time.
    Doubled few = start, out = scratch;
    for (long r = 0; r < start.rows; r += n) {
      few.rows = out.rows = min_of(n, start.rows - r);
      few.data = start.row(r);
      multiply<false>(few, polynomial, out, false);
      for (long k = 0; k < out.rows; k++)
        for (long c = 0; c < n; c++) at(matrix, r + k, c) = out.row(k)[c];
    }
  }

 private:
  /** A number of the tall matrix, which may be the given one's transpose. */
  double& at(double* matrix, long r, long c) const { return matrix[wide ? c * task.columns + r : r * task.columns + c]; }
};

inline void orthogonalise(const Orthogonalisation& task, Pool& pool) {
  parallel(pool, task.count, [&](int thread, int piece) {
    with_memory(pool, thread, [&](Arena& arena) {
      NewtonSchulz one(task, arena);
      if (arena.base != nullptr) one.run(task.matrices + piece * task.rows * task.columns);
    });
  });
}

}  // namespace metadescent::METADESCENT_ISA
