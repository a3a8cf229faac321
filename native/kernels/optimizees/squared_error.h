#pragma once
// Squared errors of one example.
#include "../activations.h"

namespace metadescent::METADESCENT_ISA {

/**
 * @param z outputs; replaced by df/dz, f being the mean over the mini-batch, and zeros beyond the classes
 * @returns |z - y|², y being the class as a one-hot vector
 */
inline float squared_error(float* z, long classes, int label, long batch) {
  const float share = 2 / static_cast<float>(batch);
  float sum = 0;
  z[label] -= 1;
  for (long u = 0; u < classes; u++) {
    sum += z[u] * z[u];
    z[u] *= share;
  }
  for (long u = classes; u < (classes + kLanes - 1) / kLanes * kLanes; u++) z[u] = 0;
  return sum;
}

/**
 * @param z sums of the outputs p = σ(z); replaced by df/dz, f being the mean over the mini-batch, and zeros beyond
 * @param x the inputs, as many
 * @returns the mean of (p - x)²
 */
inline float reconstruction_error(float* z, const float* x, long inputs, long batch) {
  const V share = set(2 / (static_cast<float>(batch) * static_cast<float>(inputs)));
  V total = {};
  for (long u = 0; u < inputs; u += kLanes) {
    V y[1] = {load(z + u) * set(-kLog2E)};
    exp2_plus_1(y);
    const V p = set(1.f) / y[0];
    V off = p - load(x + u);
    float lanes[kLanes];
    store(lanes, off);
    for (long lane = inputs - u; lane < kLanes; lane++) lanes[lane] = 0;
    off = load(lanes);
    total = fma(off, off, total);
    store(z + u, share * off * fnma(p, p, p));
  }
  return sum_of(total) / static_cast<float>(inputs);
}

}  // namespace metadescent::METADESCENT_ISA
