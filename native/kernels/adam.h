#pragma once
// A step of Adam in double, stored in float: to the bit what src/core/optimizers/adam.ts computes.
#include "../engine/task.h"

namespace metadescent::METADESCENT_ISA {

inline void adam_step(const AdamStep& a) {
  const double beta1 = a.beta1, beta2 = a.beta2, rest1 = 1 - beta1, rest2 = 1 - beta2;
  const double rate = -a.learning_rate, epsilon = a.epsilon, correction1 = a.correction1, correction2 = a.correction2;
  const float* __restrict gradient = a.gradient;
  float *__restrict m = a.m, *__restrict v = a.v, *__restrict update = a.update;
  for (long i = 0; i < a.size; i++) {
    const double g = gradient[i];
    m[i] = static_cast<float>(beta1 * m[i] + rest1 * g);
    v[i] = static_cast<float>(beta2 * v[i] + rest2 * g * g);
    update[i] = static_cast<float>((rate * (m[i] / correction1)) / (__builtin_sqrt(v[i] / correction2) + epsilon));
  }
}

}  // namespace metadescent::METADESCENT_ISA
