#pragma once
// Where an MLP's weights lie in φ, and which of its inputs are computed how.
//
// Inputs are of three kinds. Those of a coordinate are "slots", in this order: gradient, clipped gradient, parameter,
// second moment, inverse root, gradient over root, then per decay momentum, momentum over root, factored gradient and
// factored momentum. Rows, columns and their inverse roots differ between rows or between columns only: they enter the
// first layer as a vector per row plus a vector per column. Those of time are the same everywhere, and join the bias.
#include "../../engine/mlp.h"
#include "../activations.h"
#include "../memory.h"
#include "../operands.h"
#include "lane_policies.h"

namespace metadescent::METADESCENT_ISA {

/** Which slots there are: a constant for the usual networks, so that their loops unroll. */
struct Slots {
  bool gradient, clipped, parameter, second, inverse, over_root;
  bool momentum, momentum_over_root, factored_gradient, factored_momentum;
  int momenta, factored;

  constexpr bool needs_momenta() const { return momentum || momentum_over_root || factored_momentum; }
  constexpr bool needs_root() const { return inverse || over_root || momentum_over_root; }
  constexpr bool needs_second() const { return second || needs_root(); }
  constexpr bool needs_factor() const { return factored_gradient || factored_momentum; }
  constexpr int count() const {
    return gradient + clipped + parameter + second + inverse + over_root + momenta * (momentum + momentum_over_root) +
           factored * (factored_gradient + factored_momentum);
  }
  constexpr bool operator==(const Slots&) const = default;
};

constexpr int kMaxSlots = 6 + 4 * kMaxDecays;
constexpr int kMaxMlpLayers = kMaxHiddenLayers + 1;

template <Slots kSlots>
struct FixedSlots {
  static constexpr Slots slots = kSlots;
  explicit FixedSlots(const Slots&) {}
};
struct AnySlots {
  const Slots slots;
  explicit AnySlots(const Slots& s) : slots(s) {}
};

/** Of the presets celo2-base and small-fc. */
constexpr Slots kCeloSlots{true, true, true, true, true, true, true, true, true, true, 3, 3};
constexpr Slots kSmallSlots{true, false, true, true, true, false, true, true, true, true, 3, 3};

constexpr float kTimeConstants[kTimes] = {1, 3, 10, 30, 100, 300, 1e3f, 3e3f, 1e4f, 3e4f, 1e5f};

/** Rows of the first layer's kernel for a matrix or for a vector; -1 where it lacks the input. */
struct InputRows {
  int slot[kMaxSlots];
  /** Rows, columns, and their inverse roots: the first of as many as there are factored decays. */
  int row, column, inverse_row, inverse_column;
  int time;
};

struct MlpPlan {
  const Mlp* spec;
  Slots slots;
  InputRows of_matrix, of_vector;
  int layers;
  /** The inputs, the units of the hidden layers, and the outputs. */
  int widths[kMaxMlpLayers + 1];
  /** Offsets in φ of each layer's kernel [below][units] and bias. */
  long kernel[kMaxMlpLayers], bias[kMaxMlpLayers];
  long decays, size;
  /** The most units of a layer. */
  int widest;

  explicit MlpPlan(const Mlp& mlp) : spec(&mlp), slots{} {
    slots.momenta = mlp.momenta;
    slots.factored = mlp.factored;
    for (int f = 0; f < mlp.features; f++) add(mlp.feature[f]);
    of_matrix = rows(mlp.features);
    of_vector = rows(mlp.vector_features);
    layers = mlp.hidden_layers + 1;
    for (int l = 0; l < mlp.hidden_layers; l++) widths[l + 1] = mlp.hidden[l];
    widths[layers] = mlp.magnitude ? 2 : 1;
    long offset = 0;
    widest = 0;
    for (int l = 0; l < layers; l++) {
      kernel[l] = offset;
      bias[l] = offset + static_cast<long>(widths[l]) * widths[l + 1];
      offset = bias[l] + widths[l + 1];
      if (widths[l + 1] > widest) widest = widths[l + 1];
    }
    decays = offset;
    size = offset + (mlp.learn_decays ? decay_count() : 0);
  }

  /** Momenta, the second moment, and factored ones. */
  int decay_count() const { return spec->momenta + 1 + spec->factored; }

 private:
  void add(Mlp::Feature feature) {
    switch (feature) {
      case Mlp::kGradient: slots.gradient = true; break;
      case Mlp::kClippedGradient: slots.clipped = true; break;
      case Mlp::kParameter: slots.parameter = true; break;
      case Mlp::kMomentum: slots.momentum = true; break;
      case Mlp::kSecondMoment: slots.second = true; break;
      case Mlp::kMomentumOverRoot: slots.momentum_over_root = true; break;
      case Mlp::kInverseRoot: slots.inverse = true; break;
      case Mlp::kFactoredGradient: slots.factored_gradient = true; break;
      case Mlp::kGradientOverRoot: slots.over_root = true; break;
      case Mlp::kFactoredMomentum: slots.factored_momentum = true; break;
      default: break;
    }
  }

  /** @param visible the features that are seen, from the first */
  InputRows rows(int visible) {
    int first[Mlp::kFeatures], at = 0;
    for (int f = 0; f < Mlp::kFeatures; f++) first[f] = -1;
    for (int f = 0; f < spec->features; f++) {
      if (f < visible) first[spec->feature[f]] = at;
      at += inputs_of(*spec, spec->feature[f]);
    }
    widths[0] = at;
    InputRows to;
    int slot = 0;
    const auto one = [&](bool there, Mlp::Feature feature) {
      if (there) to.slot[slot++] = first[feature];
    };
    const auto several = [&](bool there, Mlp::Feature feature, int count) {
      for (int k = 0; there && k < count; k++) to.slot[slot++] = first[feature] < 0 ? -1 : first[feature] + k;
    };
    one(slots.gradient, Mlp::kGradient);
    one(slots.clipped, Mlp::kClippedGradient);
    one(slots.parameter, Mlp::kParameter);
    one(slots.second, Mlp::kSecondMoment);
    one(slots.inverse, Mlp::kInverseRoot);
    one(slots.over_root, Mlp::kGradientOverRoot);
    several(slots.momentum, Mlp::kMomentum, slots.momenta);
    several(slots.momentum_over_root, Mlp::kMomentumOverRoot, slots.momenta);
    several(slots.factored_gradient, Mlp::kFactoredGradient, slots.factored);
    several(slots.factored_momentum, Mlp::kFactoredMomentum, slots.factored);
    to.row = first[Mlp::kRow];
    to.column = first[Mlp::kColumn];
    to.inverse_row = first[Mlp::kInverseRootRow];
    to.inverse_column = first[Mlp::kInverseRootColumn];
    to.time = first[Mlp::kTime];
    return to;
  }
};

/** φ as the lanes see it. */
struct MlpWeights {
  /** [weights] */
  const float* phi;
  /** The kernels of the layers after the first, [below][units], as operands. */
  const float* kernel[kMaxMlpLayers];
  /** β and 1 - β per decay, in MlpPlan's order. */
  float *decay, *rest;
  /** Memory of the kernels. */
  float* operands;
};

/** A kernel [below][units] as operands, [operands(below)][units]; `to` may be the kernel itself. */
template <class Lanes>
void weight_operands(const float* kernel, int below, int units, float* to) {
  if constexpr (!kPairs) return;
  const long row = static_cast<long>(units) * Lanes::kWidth;
  for (int i = 0; i < below; i += 2)
    for (int j = 0; j < units; j++) {
      const V second = i + 1 < below ? Lanes::get(kernel + (i + 1) * row, j) : V{};
      Lanes::put(to + i / 2 * row, j, operand(Lanes::get(kernel + i * row, j), second));
    }
}

template <class Lanes>
void take_weights(const MlpPlan& plan, Arena& arena, MlpWeights& w) {
  w.decay = arena.take<float>(plan.decay_count() * Lanes::kWidth);
  w.rest = arena.take<float>(plan.decay_count() * Lanes::kWidth);
  w.operands = kPairs ? arena.take<float>(plan.size * Lanes::kWidth) : nullptr;
}

/** 1 - β = (1 - β0) e^(10 δ), at most 1. */
template <class Lanes>
void set_decays(const MlpPlan& plan, MlpWeights& w) {
  const Mlp& mlp = *plan.spec;
  for (int k = 0; k < plan.decay_count(); k++) {
    const int factored = k - mlp.momenta - 1;
    const double beta = k < mlp.momenta ? mlp.momentum[k] : factored < 0 ? mlp.second_moment : mlp.factored_moment[factored];
    V rest = set(static_cast<float>(1 - beta)), decay = set(static_cast<float>(beta));
    if (mlp.learn_decays) {
      V y[1] = {Lanes::get(w.phi, plan.decays + k) * set(10 * kLog2E)};
      exp2(y);
      rest = at_most(rest * y[0], 1);
      decay = set(1.f) - rest;
    }
    Lanes::put(w.rest, k, rest);
    Lanes::put(w.decay, k, decay);
  }
}

/** From φ: the kernels, and the decays. */
template <class Lanes>
void set_weights(const MlpPlan& plan, MlpWeights& w) {
  for (int l = 1; l < plan.layers; l++) {
    const float* const kernel = w.phi + plan.kernel[l] * Lanes::kWidth;
    w.kernel[l] = kPairs ? w.operands + plan.kernel[l] * Lanes::kWidth : kernel;
    if (kPairs) weight_operands<Lanes>(kernel, plan.widths[l], plan.widths[l + 1], w.operands + plan.kernel[l] * Lanes::kWidth);
  }
  set_decays<Lanes>(plan, w);
}

}  // namespace metadescent::METADESCENT_ISA
