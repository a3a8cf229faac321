#pragma once
// A vector of kLanes floats, and the few operations on it that differ between instruction sets.
//
// Everything compiled for an instruction set is in that set's own namespace, METADESCENT_ISA: templates and inline
// functions of two sets then have different names, so the linker cannot replace one set's copy by another's. For the same
// reason nothing here includes a header of the C++ library.
//
// The kernels are compiled with -ffp-contract=off and without -ffast-math: fused operations are written as fma(), and
// rounding by adding and subtracting a large number survives.
#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#ifndef METADESCENT_ISA
#error "compile with -DMETADESCENT_ISA=<namespace> -DMETADESCENT_LANES=<floats in a vector>"
#endif

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

namespace metadescent::METADESCENT_ISA {

constexpr int kLanes = METADESCENT_LANES;

template <int N>
struct VectorOf {
  typedef float Float __attribute__((vector_size(4 * N), may_alias));
  typedef float Unaligned __attribute__((vector_size(4 * N), may_alias, aligned(4)));
  typedef int Int __attribute__((vector_size(4 * N), may_alias));
};
using V = VectorOf<kLanes>::Float;
using VInt = VectorOf<kLanes>::Int;

/** x in every lane. (x - 0 is x, including the sign of zero, so it compiles to a broadcast.) */
INLINE V set(float x) { return x - V{}; }
INLINE VInt set_int(int x) { return x - VInt{}; }
INLINE V load(const float* p) { return *reinterpret_cast<const VectorOf<kLanes>::Unaligned*>(p); }
INLINE void store(float* p, V v) { *reinterpret_cast<VectorOf<kLanes>::Unaligned*>(p) = v; }
INLINE VInt bits(V v) { return reinterpret_cast<VInt>(v); }
INLINE V from_bits(VInt v) { return reinterpret_cast<V>(v); }
/** a where the mask (all ones or zeros in each lane) is set, else b. */
INLINE V select(VInt mask, V a, V b) { return from_bits((bits(a) & mask) | (bits(b) & ~mask)); }

/** a b + c, rounded once if the instruction set can. */
INLINE V fma(V a, V b, V c) {
#if METADESCENT_LANES == 16 && defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif METADESCENT_LANES == 8 && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif METADESCENT_LANES == 4 && defined(__ARM_NEON)
  return vfmaq_f32(c, a, b);
#else
  return a * b + c;
#endif
}

/** c - a b */
INLINE V fnma(V a, V b, V c) { return fma(-a, b, c); }

/** The smaller of v and the bound; v where v is NaN. */
INLINE V at_most(V v, float bound) {
#if METADESCENT_LANES == 16 && defined(__AVX512F__)
  return _mm512_min_ps(set(bound), v);
#elif METADESCENT_LANES == 8 && defined(__AVX__)
  return _mm256_min_ps(set(bound), v);
#elif METADESCENT_LANES == 4 && defined(__SSE2__)
  return _mm_min_ps(set(bound), v);
#elif METADESCENT_LANES == 4 && defined(__ARM_NEON)
  return vminq_f32(set(bound), v);
#else
  return select(v > set(bound), set(bound), v);
#endif
}

/** The larger of v and the bound; v where v is NaN. */
INLINE V at_least(V v, float bound) {
#if METADESCENT_LANES == 16 && defined(__AVX512F__)
  return _mm512_max_ps(set(bound), v);
#elif METADESCENT_LANES == 8 && defined(__AVX__)
  return _mm256_max_ps(set(bound), v);
#elif METADESCENT_LANES == 4 && defined(__SSE2__)
  return _mm_max_ps(set(bound), v);
#elif METADESCENT_LANES == 4 && defined(__ARM_NEON)
  return vmaxq_f32(set(bound), v);
#else
  return select(v < set(bound), set(bound), v);
#endif
}

INLINE V absolute(V v) { return from_bits(bits(v) & 0x7fffffff); }

/** The sum of the lanes, adding halves to halves, so that the order is fixed. */
INLINE float sum_of(V v) {
  float lanes[kLanes];
  store(lanes, v);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  return lanes[0];
}

/** Stops the compiler from folding a broadcast into each of its uses: one load then serves several products. */
INLINE void keep_in_register(V& v) {
#if defined(__AVX512F__) && METADESCENT_LANES == 16
  asm("" : "+v"(v));
#else
  (void)v;
#endif
}

}  // namespace metadescent::METADESCENT_ISA
