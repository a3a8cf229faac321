#pragma once
// Activations of a perceptron's hidden units, and their derivatives.
#include "../activations.h"

namespace metadescent::METADESCENT_ISA {

/** tanh z */
INLINE V tanh_of(V z) {
  V y[1] = {z * set(2 * kLog2E)};
  exp2_minus_1(y);
  return y[0] / (y[0] + set(2.f));
}

/** √(2/π) and the factor of z³ in gelu(z) = z/2 (1 + tanh u), u = √(2/π) (z + 0.044715 z³). */
constexpr float kGelu = .797884561f, kGeluCubed = .044715f;

/** z where tanh u is not ±1 in fp32, so that z³ does not overflow. */
INLINE V within_gelu(V z) { return at_least(at_most(z, 10.f), -10.f); }

/** tanh u */
INLINE V gelu_tanh(V z) { return tanh_of(z * fma(z * z, set(kGelu * kGeluCubed), set(kGelu))); }

INLINE V activation(Perceptron::Activation kind, V z) {
  switch (kind) {
    case Perceptron::kSigmoid: {
      V y[1] = {z * set(-kLog2E)};
      exp2_plus_1(y);
      return set(1.f) / y[0];
    }
    case Perceptron::kTanh:
      return tanh_of(z);
    case Perceptron::kGelu:
      return set(.5f) * z * (set(1.f) + gelu_tanh(within_gelu(z)));
    default:
      return at_least(z, 0);
  }
}

/** @param value the activation's @param sum z */
INLINE V derivative(Perceptron::Activation kind, V value, V sum) {
  switch (kind) {
    case Perceptron::kSigmoid:
      return fnma(value, value, value);
    case Perceptron::kTanh:
      return fnma(value, value, set(1.f));
    case Perceptron::kGelu: {
      const V z = within_gelu(sum), t = gelu_tanh(z), slope = fma(z * z, set(3 * kGelu * kGeluCubed), set(kGelu));
      return set(.5f) * (set(1.f) + t + z * fnma(t, t, set(1.f)) * slope);
    }
    default:
      return select(value > V{}, set(1.f), V{});
  }
}

}  // namespace metadescent::METADESCENT_ISA
