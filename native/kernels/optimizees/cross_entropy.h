#pragma once
// Softmax cross-entropy of one example.
#include "../activations.h"

namespace metadescent::METADESCENT_ISA {

/**
 * @param z logits, padded to whole vectors; replaced by df/dz, f being the mean over the mini-batch, and zeros beyond the
 *   classes
 * @returns log Σ exp z - z_label
 */
inline float cross_entropy(float* z, long classes, int label, long batch) {
  float largest = z[0];
  for (long u = 1; u < classes; u++) largest = z[u] > largest ? z[u] : largest;
  const float of_label = largest - z[label];
  for (long u = 0; u < classes; u += kLanes) {
    V y[1] = {(load(z + u) - set(largest)) * set(kLog2E)};
    exp2(y);
    store(z + u, y[0]);
  }
  float sum = 0;
  for (long u = 0; u < classes; u++) sum += z[u];
  const float share = 1 / (sum * static_cast<float>(batch));
  for (long u = 0; u < classes; u++) z[u] *= share;
  for (long u = classes; u < (classes + kLanes - 1) / kLanes * kLanes; u++) z[u] = 0;
  z[label] -= 1 / static_cast<float>(batch);
  // The logarithm expects finite numbers: the second term keeps NaN and infinity from becoming finite.
  return logarithm(set(sum))[0] + (sum - sum) + of_label;
}

}  // namespace metadescent::METADESCENT_ISA
