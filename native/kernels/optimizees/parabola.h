#pragma once
// f(x) = Σ (s∘x)², ∇f = 2 s² x; s = 1 gives the families "simple" and "simple-multi".
#include "../lanes.h"

namespace metadescent::METADESCENT_ISA {

/** @param s [d], or null for 1 */
inline float parabola(const float* s, const float* x, long d, float* gradient) {
  V sum{};
  long i = 0;
  for (; i + kLanes <= d; i += kLanes) {
    const V scale = s == nullptr ? set(1.f) : load(s + i), scaled = scale * load(x + i);
    sum = fma(scaled, scaled, sum);
    store(gradient + i, scaled * scale * set(2.f));
  }
  float rest = 0;
  for (; i < d; i++) {
    const float scale = s == nullptr ? 1.f : s[i], scaled = scale * x[i];
    rest += scaled * scaled;
    gradient[i] = scaled * scale * 2.f;
  }
  return sum_of(sum) + rest;
}

}  // namespace metadescent::METADESCENT_ISA
