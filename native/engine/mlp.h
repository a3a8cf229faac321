#pragma once
// Learned optimizers that are perceptrons, as plain data.

namespace metadescent {

/** Of products: fp32, or bfloat16 with sums in fp32. */
enum class Precision { kFp32, kBf16 };

constexpr int kMaxDecays = 8;
constexpr int kMaxHiddenLayers = 4;

/** A perceptron applied to every coordinate, as MlpSpec describes it. */
struct Mlp {
  enum Feature {
    kGradient,
    kClippedGradient,
    kParameter,
    kMomentum,
    kSecondMoment,
    kMomentumOverRoot,
    kInverseRoot,
    kFactoredGradient,
    kGradientOverRoot,
    kRow,
    kColumn,
    kInverseRootRow,
    kInverseRootColumn,
    kFactoredMomentum,
    kTime,
    kFeatures
  };
  /** The network's inputs in their order; vectors have the first `vector_features`. */
  int features, vector_features;
  Feature feature[kFeatures];
  int momenta, factored;
  /** Decays of the means of g, of g², and of the factored means of g². */
  double momentum[kMaxDecays], second_moment, factored_moment[kMaxDecays];
  /** Whether φ ends with a weight per decay, in that order. */
  bool learn_decays;
  /** Infinite for none. */
  float maximum_gradient;
  float epsilon_moment, epsilon_factored, epsilon_normalisation;
  bool normalise_features, normalise_update;
  /** Two outputs, d and m, for d e^(m/1000), instead of one. */
  bool magnitude;
  int hidden_layers;
  int hidden[kMaxHiddenLayers];
};

/** Time constants τ of the inputs tanh(t/τ - 1). */
constexpr int kTimes = 11;

/** Inputs of a feature. Static, so that each instruction set has its own. */
static inline int inputs_of(const Mlp& mlp, Mlp::Feature feature) {
  switch (feature) {
    case Mlp::kMomentum:
    case Mlp::kMomentumOverRoot: return mlp.momenta;
    case Mlp::kFactoredGradient:
    case Mlp::kRow:
    case Mlp::kColumn:
    case Mlp::kInverseRootRow:
    case Mlp::kInverseRootColumn:
    case Mlp::kFactoredMomentum: return mlp.factored;
    case Mlp::kTime: return kTimes;
    default: return 1;
  }
}

/** A tensor of θ: matrices of rows × columns, one after another from `offset`; or a vector, with one row. */
struct Tensor {
  long offset, matrices, rows, columns;
  bool vector;
};

}  // namespace metadescent
