#pragma once
// A step of the meta-optimizer on φ: clipping, then Adam in double, stored in float. It gives the same bits as
// src/core/optimizers/meta-adam.ts.
#include "../engine/task.h"

namespace metadescent::METADESCENT_ISA {

inline double norm_of(const float* values, long size) {
  double s[8]{};
  const long whole = size / 8 * 8;
  for (long i = 0; i < whole; i += 8)
    for (int k = 0; k < 8; k++) s[k] += static_cast<double>(values[i + k]) * values[i + k];
  for (long i = whole; i < size; i++) s[i - whole] += static_cast<double>(values[i]) * values[i];
  return __builtin_sqrt(s[0] + s[1] + (s[2] + s[3]) + (s[4] + s[5] + (s[6] + s[7])));
}

inline void descend(const Descent& d) {
  const double norm = norm_of(d.gradient, d.size);
  d.descended[0] = norm;
  d.descended[1] = 1;
  if (!__builtin_isfinite(norm)) return;
  const double scale = norm > d.clip_norm ? d.clip_norm / norm : 1;
  const double beta1 = d.beta1, beta2 = d.beta2, rest1 = 1 - beta1, rest2 = 1 - beta2;
  const double rate = -d.learning_rate, epsilon = d.epsilon, correction1 = d.correction1, correction2 = d.correction2;
  const float* __restrict gradient = d.gradient;
  float *__restrict m = d.m, *__restrict v = d.v, *__restrict phi = d.phi;
  for (long i = 0; i < d.size; i++) {
    const double g = static_cast<float>(gradient[i] * scale);
    m[i] = static_cast<float>(beta1 * m[i] + rest1 * g);
    v[i] = static_cast<float>(beta2 * v[i] + rest2 * g * g);
    phi[i] += static_cast<float>((rate * (m[i] / correction1)) / (__builtin_sqrt(v[i] / correction2) + epsilon));
  }
  int lost = 0;
  for (long i = 0; i < d.size; i++) lost |= phi[i] - phi[i] != 0;  // 0 of a finite number, NaN of others
  for (long i = 0; i < d.size; i++) lost |= v[i] - v[i] != 0;
  d.descended[1] = lost == 0;
}

}  // namespace metadescent::METADESCENT_ISA
