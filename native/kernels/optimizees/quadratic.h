#pragma once
// f(x) = |Wx - y|², ∇f = 2 Wᵀ(Wx - y).
//
// For several small functions, lanes are functions: W is transposed once, [d][d][lanes], and used at every step. Otherwise
// lanes run along the rows of W.
#include "../memory.h"
#include "../tiles.h"

namespace metadescent::METADESCENT_ISA {

/** One function, lanes along W's rows. @param W [d, d] @param residual [d], scratch */
inline float quadratic(const float* W, const float* y, const float* x, long d, float* gradient, float* residual) {
  float loss = 0;
  for (long i = 0; i < d; i++) {
    const float* row = W + i * d;
    V sum{};
    float rest = -y[i];
    long j = 0;
    for (; j + kLanes <= d; j += kLanes) sum = fma(load(row + j), load(x + j), sum);
    for (; j < d; j++) rest += row[j] * x[j];
    residual[i] = sum_of(sum) + rest;
    loss += residual[i] * residual[i];
  }
  for (long j = 0; j < d; j++) gradient[j] = 0;
  for (long i = 0; i < d; i++) {
    const float* row = W + i * d;
    const float twice = 2.f * residual[i];
    long j = 0;
    for (; j + kLanes <= d; j += kLanes) store(gradient + j, fma(load(row + j), set(twice), load(gradient + j)));
    for (; j < d; j++) gradient[j] += row[j] * twice;
  }
  return loss;
}

/** Up to kLanes functions, one per lane. */
struct QuadraticLanes {
  /** [d, d] and [d]; x and residual are scratch [d]. */
  V *W, *y, *x, *residual;

  /** Takes its memory; with a counting arena it only counts. @param count functions; other lanes are zero */
  inline void prepare(const float* from_W, const float* from_y, long d, long count, Arena& arena) {
    W = arena.take<V>(d * d);
    y = arena.take<V>(d);
    x = arena.take<V>(d);
    residual = arena.take<V>(d);
    if (arena.base == nullptr) return;
    scatter(from_W, d * d, count, W);
    scatter(from_y, d, count, y);
  }

  inline void evaluate(const float* theta, long d, long count, float* gradient, float* losses) const {
    scatter(theta, d, count, x);
    V loss{};
    for_tiles<kRegisters / 4>(static_cast<int>(d), [&](int first, auto size) {
      constexpr int R = decltype(size)::value;
      V sum[R];
      UNROLL for (int r = 0; r < R; r++) sum[r] = -y[first + r];
      for (long j = 0; j < d; j++) UNROLL for (int r = 0; r < R; r++) sum[r] = fma(W[(first + r) * d + j], x[j], sum[r]);
      UNROLL for (int r = 0; r < R; r++) {
        residual[first + r] = sum[r];
        loss = fma(sum[r], sum[r], loss);
      }
    });
    for_tiles<kRegisters / 4>(static_cast<int>(d), [&](int first, auto size) {
      constexpr int R = decltype(size)::value;
      V sum[R] = {};
      for (long i = 0; i < d; i++)
        UNROLL for (int r = 0; r < R; r++) sum[r] = fma(W[i * d + first + r], residual[i], sum[r]);
      UNROLL for (int r = 0; r < R; r++) x[first + r] = sum[r] * set(2.f);
    });
    float lanes[kLanes];
    store(lanes, loss);
    const float* from = reinterpret_cast<const float*>(x);
    for (long f = 0; f < count; f++) {
      losses[f] = lanes[f];
      for (long i = 0; i < d; i++) gradient[f * d + i] = from[i * kLanes + f];
    }
  }

 private:
  /** [count, n] → [n][lanes] */
  static inline void scatter(const float* from, long n, long count, V* to) {
    float* out = reinterpret_cast<float*>(to);
    for (long i = 0; i < n; i++) {
      for (long f = 0; f < count; f++) out[i * kLanes + f] = from[f * n + i];
      for (long f = count; f < kLanes; f++) out[i * kLanes + f] = 0;
    }
  }
};

}  // namespace metadescent::METADESCENT_ISA
