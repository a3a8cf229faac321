#pragma once
// What the lanes of an MLP's step are. Particles: each lane is a function of its own with weights of its own, so that
// every number is a vector and nothing crosses lanes; coordinates lie one vector apart. Coordinates: lanes are neighbours
// in a matrix's row; statistics and weights are single floats, and sums cross lanes.
#include "../lanes.h"

#define UNROLL_FEW _Pragma("GCC unroll 4")

namespace metadescent::METADESCENT_ISA {

/** The first `count` < kLanes floats at p; 0 in the other lanes. */
INLINE V load_some(const float* p, long count) {
#if METADESCENT_LANES == 16 && defined(__AVX512F__)
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p);
#else
  float lanes[kLanes] = {};
  for (long i = 0; i < count; i++) lanes[i] = p[i];
  return load(lanes);
#endif
}

INLINE void store_some(float* p, V v, long count) {
#if METADESCENT_LANES == 16 && defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), v);
#else
  float lanes[kLanes];
  store(lanes, v);
  for (long i = 0; i < count; i++) p[i] = lanes[i];
#endif
}

/** v in the first `count` lanes, 0 in the others. */
INLINE V first_lanes(V v, long count) {
  float lanes[kLanes];
  store(lanes, v);
  return load_some(lanes, count);
}

/** The kLanes / 2 floats at p, twice. */
INLINE V load_twice(const float* p) {
#if METADESCENT_LANES == 16 && defined(__AVX512DQ__)
  return _mm512_broadcast_f32x8(_mm256_loadu_ps(p));
#elif METADESCENT_LANES == 8 && defined(__AVX__)
  return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(p));
#elif METADESCENT_LANES == 4 && defined(__ARM_NEON)
  const float32x2_t half = vld1_f32(p);
  return vcombine_f32(half, half);
#else
  V v;
  for (int i = 0; i < kLanes; i++) v[i] = p[i % (kLanes / 2)];
  return v;
#endif
}

/** 1/√x of a positive normal number, to two units in the last place: the same bits on every processor, unlike approximate
 * instructions. A guess from the exponent, then steps of order two (constants by J. Kadlec) and three. */
INLINE V inverse_root(V x) {
  V y = from_bits(0x5f1ffff9 - (bits(x) >> 1));
  V e = fnma(x * y, y, set(2.38924456f));
  y = (y * set(.703952253f)) * e;
  e = fnma(x * y, y, set(1.f));
  return fma(y * e, fma(e, set(.375f), set(.5f)), y);
}

INLINE V clip(V v, float bound) { return at_least(at_most(v, bound), -bound); }

/** Denormals count as 0 while one of these lives: moments of units without gradients decay into them. */
class FlushDenormals {
#if defined(__x86_64__)
  unsigned before = _mm_getcsr();

 public:
  FlushDenormals() { _mm_setcsr(before | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before); }
#elif defined(__aarch64__)
  unsigned long before;

 public:
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before));
    asm volatile("msr fpcr, %0" ::"r"(before | 1ul << 24));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(before)); }
#else
 public:
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

struct Particles {
  /** Floats that a number takes. */
  static constexpr int kWidth = kLanes;
  INLINE static long vectors(long columns) { return columns; }
  INLINE static V get(const float* p, long i) { return load(p + i * kLanes); }
  INLINE static void put(float* p, long i, V v) { store(p + i * kLanes, v); }
  INLINE static V across(V v) { return v; }
};

struct Coordinates {
  static constexpr int kWidth = 1;
  INLINE static long vectors(long columns) { return (columns + kLanes - 1) / kLanes; }
  INLINE static V get(const float* p, long i) { return set(p[i]); }
  INLINE static void put(float* p, long i, V v) { p[i] = v[0]; }
  INLINE static V across(V v) { return set(sum_of(v)); }
};

template <bool IsWhole>
struct Part {
  static constexpr bool whole = IsWhole;
};

/** Calls f(vector, Part<whole>) for the vectors first … end - 1 of a row; the last one may have lanes beyond its columns. */
template <class Lanes, class F>
INLINE void for_vectors(long first, long end, long columns, const F& f) {
  const long whole = Lanes::kWidth == kLanes ? columns : columns / kLanes;
  long c = first;
  for (; c < end && c < whole; c++) f(c, Part<true>{});
  if constexpr (Lanes::kWidth == 1) {
    if (c < end) f(c, Part<false>{});
  }
}

/** The vector at p, or those lanes of it that are left of a row. */
template <class P>
INLINE V load_part(const float* p, long left, P) {
  if constexpr (P::whole) return load(p);
  else return load_some(p, left);
}
template <class P>
INLINE void store_part(float* p, V v, long left, P) {
  if constexpr (P::whole) store(p, v);
  else store_some(p, v, left);
}

}  // namespace metadescent::METADESCENT_ISA
