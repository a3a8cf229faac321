#pragma once
// The matrix products of a block. Forward and backward through the state, lanes are coordinates and weights are broadcast,
// so nothing crosses lanes. The weights' gradient is a sum over coordinates: there dL/dz is transposed first, so that lanes
// are gates and the accumulators are one float per weight instead of one vector.
#include "tiles.h"

namespace metadescent::METADESCENT_ISA {

/** a[r][n] += Σ_k w[k][r] x[k][n] */
template <int R, int NB>
INLINE void multiply_add(V (&a)[R][NB], const float* w, const V* x, int k_count) {
  for (int k = 0; k < k_count; k++) {
    V xk[NB];
    UNROLL for (int n = 0; n < NB; n++) xk[n] = x[k * NB + n];
    UNROLL for (int r = 0; r < R; r++) {
      V wk = set(w[k * R + r]);
      if constexpr (NB > 1) keep_in_register(wk);
      UNROLL for (int n = 0; n < NB; n++) a[r][n] = fma(wk, xk[n], a[r][n]);
    }
  }
}

/**
 * out[k][n] (+)= Σ_q w[q][k] dz[q][n], the rows k taken in tiles.
 * @param w packed by {@link pack_transposed}: for each tile [gates][rows of the tile]
 */
template <int NB, bool Accumulate>
INLINE void back_product(const float* w, const V* dz, int gates, V* out, int rows) {
  for_tiles<kBackRows<NB>>(rows, [&](int first, auto size) {
    constexpr int R = decltype(size)::value;
    V a[R][NB];
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int n = 0; n < NB; n++) a[r][n] = Accumulate ? out[(first + r) * NB + n] : V{};
    multiply_add(a, w + first * gates, dz, gates);
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int n = 0; n < NB; n++) out[(first + r) * NB + n] = a[r][n];
  });
}

/** W floats gathered as the W / 4 groups of four at p, p + 4 stride, …: inserts from memory need no shuffle port. */
template <int W>
INLINE VectorOf<W>::Float load_groups(const float* p, long stride) {
  if constexpr (W == 4) {
    return *reinterpret_cast<const VectorOf<4>::Float*>(p);
  } else {
    const auto low = load_groups<W / 2>(p, stride);
    const auto high = load_groups<W / 2>(p + W / 2 * stride, stride);
    if constexpr (W == 8) return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
    else return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }
}

/** Within each group of four lanes: (a0, b0, a1, b1), or the upper halves. */
template <bool Upper>
INLINE V interleave(V a, V b) {
  constexpr int o = Upper ? 2 : 0, L = kLanes;
  if constexpr (L == 4) return __builtin_shufflevector(a, b, o, L + o, o + 1, L + o + 1);
  else if constexpr (L == 8)
    return __builtin_shufflevector(a, b, o, L + o, o + 1, L + o + 1, o + 4, L + o + 4, o + 5, L + o + 5);
  else
    return __builtin_shufflevector(a, b, o, L + o, o + 1, L + o + 1, o + 4, L + o + 4, o + 5, L + o + 5, o + 8, L + o + 8,
                                   o + 9, L + o + 9, o + 12, L + o + 12, o + 13, L + o + 13);
}

/** Within each group of four lanes: (a0, a1, b0, b1), or the upper halves. */
template <bool Upper>
INLINE V join_halves(V a, V b) {
  constexpr int o = Upper ? 2 : 0, L = kLanes;
  if constexpr (L == 4) return __builtin_shufflevector(a, b, o, o + 1, L + o, L + o + 1);
  else if constexpr (L == 8)
    return __builtin_shufflevector(a, b, o, o + 1, L + o, L + o + 1, o + 4, o + 5, L + o + 4, L + o + 5);
  else
    return __builtin_shufflevector(a, b, o, o + 1, L + o, L + o + 1, o + 4, o + 5, L + o + 4, L + o + 5, o + 8, o + 9,
                                   L + o + 8, L + o + 9, o + 12, o + 13, L + o + 12, L + o + 13);
}

/**
 * Transposes dz[gate][coordinate] to dzT[coordinate][gate], and sums the bias's gradient.
 * @param gates a multiple of kLanes
 * @param bias [gates], added to
 */
template <int NB>
INLINE void transpose(const V* dz, int gates, float* dzT, float* bias) {
  constexpr int kWidth = kLanes * NB;
  for (int g = 0; g < gates; g += kLanes) {
    V sum = load(bias + g);
    for (int column = 0; column < kWidth; column += 4) {
      const float* from = reinterpret_cast<const float*>(dz + g * NB) + column;
      V row[4], t[4], o[4];
      UNROLL for (int r = 0; r < 4; r++) row[r] = load_groups<kLanes>(from + r * kWidth, kWidth);
      UNROLL for (int r = 0; r < 4; r += 2) {
        t[r] = interleave<false>(row[r], row[r + 1]);
        t[r + 1] = interleave<true>(row[r], row[r + 1]);
      }
      UNROLL for (int r = 0; r < 2; r++) {
        o[2 * r] = join_halves<false>(t[r], t[r + 2]);
        o[2 * r + 1] = join_halves<true>(t[r], t[r + 2]);
      }
      UNROLL for (int r = 0; r < 4; r++) store(dzT + (column + r) * gates + g, o[r]);
      sum = sum + ((o[0] + o[1]) + (o[2] + o[3]));
    }
    store(bias + g, sum);
  }
}

/**
 * sums[k][gate] += Σ_s Σ_c x[s][k][c] dzT[s][c][gate], over the coordinates c of a block and several steps s together, so
 * that a tile of sums is read and written once.
 * @param x the first step's, [rows][coordinates]
 * @param stride from one step's x to the next's
 * @param dzT [steps][coordinates][gates]
 */
INLINE void outer_product(float* sums, const V* x, long stride, int rows, const float* dzT, int gates, int coordinates,
                          int steps) {
  for_tiles<kOuterRows>(rows, [&](int k, auto row_count) {
    for_tiles<kOuterVectors>(gates / kLanes, [&](int j, auto vector_count) {
      constexpr int R = decltype(row_count)::value, J = decltype(vector_count)::value;
      float* to = sums + k * gates + j * kLanes;
      V a[R][J];
      UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < J; v++) a[r][v] = load(to + r * gates + v * kLanes);
      for (int s = 0; s < steps; s++) {
        const float* xs = reinterpret_cast<const float*>(x + s * stride) + k * coordinates;
        const float* dz = dzT + (static_cast<long>(s) * coordinates) * gates + j * kLanes;
        for (int c = 0; c < coordinates; c++) {
          V d[J];
          UNROLL for (int v = 0; v < J; v++) d[v] = load(dz + c * gates + v * kLanes);
          UNROLL for (int r = 0; r < R; r++) {
            V b = set(xs[r * coordinates + c]);
            keep_in_register(b);
            UNROLL for (int v = 0; v < J; v++) a[r][v] = fma(d[v], b, a[r][v]);
          }
        }
      }
      UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < J; v++) store(to + r * gates + v * kLanes, a[r][v]);
    });
  });
}

}  // namespace metadescent::METADESCENT_ISA
