#pragma once
// Operands of products. In fp32 an operand is a number. Where METADESCENT_BF16 is defined it is a pair of neighbours along
// the summed axis, in bfloat16: a product of operands is then that of both, added to a sum in fp32.
#include "lanes.h"

namespace metadescent::METADESCENT_ISA {

#ifdef METADESCENT_BF16
constexpr bool kPairs = true;

/** Two numbers, rounded to nearest: the first in the lower half of each lane. */
INLINE V operand(V a, V b) {
  static constexpr short kWords[] = {0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i interleave = _mm512_loadu_si512(kWords);
  const __m512i a_then_b = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a));
  return reinterpret_cast<V>(_mm512_permutexvar_epi16(interleave, a_then_b));
}

INLINE V add_product(V a, V b, V sum) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
}
#else
constexpr bool kPairs = false;

INLINE V operand(V a, V) { return a; }
INLINE V add_product(V a, V b, V sum) { return fma(a, b, sum); }
#endif

/** Operands of a sum over `count` numbers. */
constexpr long operands(long count) { return kPairs ? (count + 1) / 2 : count; }

/** Operands in rows: operand k of row r is the vector k of its row. */
struct Operands {
  const float* at;
  /** Floats from one row to the next. */
  long stride;

  INLINE const float* row(long r) const { return at + r * stride; }
};

/** Vectors [rows][columns] as operands of a sum over the columns. @param memory for those that are not as they are */
INLINE Operands along_columns(const float* from, long rows, long columns, long stride, float* memory) {
  if constexpr (!kPairs) return {from, stride};
  const long count = operands(columns), to = (count + 1) * kLanes;
  for (long r = 0; r < rows; r++)
    for (long k = 0; k < count; k++) {
      const float* const pair = from + r * stride + 2 * k * kLanes;
      store(memory + r * to + k * kLanes, operand(load(pair), 2 * k + 1 < columns ? load(pair + kLanes) : V{}));
    }
  return {memory, to};
}

/** The same, of a sum over the rows. */
INLINE Operands along_rows(const float* from, long rows, long columns, long stride, float* memory) {
  if constexpr (!kPairs) return {from, stride};
  const long count = operands(rows), to = (columns + 1) * kLanes;
  for (long k = 0; k < count; k++)
    for (long c = 0; c < columns; c++) {
      const float* const pair = from + 2 * k * stride + c * kLanes;
      store(memory + k * to + c * kLanes, operand(load(pair), 2 * k + 1 < rows ? load(pair + stride) : V{}));
    }
  return {memory, to};
}

/** Floats that such operands may take of vectors [rows][columns]. */
constexpr long operand_floats(long rows, long columns) { return kPairs ? (rows + 1) * (columns + 2) * kLanes : 0; }

}  // namespace metadescent::METADESCENT_ISA
