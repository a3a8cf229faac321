#pragma once
// A coordinatewise LSTM as network.h describes networks, on blocks of NB vectors.
#include "lstm_block.h"

namespace metadescent::METADESCENT_ISA {

template <int NB>
class Lstm {
  Plan plan;

 public:
  static constexpr long kWidth = static_cast<long>(kLanes) * NB;
  using Scratch = metadescent::METADESCENT_ISA::Scratch<NB>;

  explicit Lstm(const Network& network) : plan(plan_of<NB>(network)) {}

  long state() const { return plan.state * NB; }
  long record() const { return plan.record * NB; }
  long rows() const { return plan.rows; }
  long sums() const { return plan.sums; }

  template <class F>
  INLINE void each_row(const F& f) const {
    for (int l = 0; l < plan.layers; l++) {
      const long parts[2] = {plan.layer[l].state_h, plan.layer[l].state_c};
      for (const long part : parts)
        for (long unit = 0; unit < plan.layer[l].units; unit++) f((part + unit) * NB);
    }
  }

  void pack(const float* phi, bool backward, Arena& arena) { metadescent::METADESCENT_ISA::pack<NB>(plan, phi, backward, arena); }

  Scratch scratch(Arena& arena, bool backward) const { return Scratch(plan, arena, backward); }

  /** See {@link forward_step}. */
  template <bool Keep>
  INLINE void forward(Scratch& s, const float* gradient, V* state, bool fresh, V* record, float* theta, Rate rate) const {
    forward_step<Keep>(plan, s, gradient, state, fresh, record, theta, rate);
  }

  INLINE void begin_backward(Scratch& s) const { metadescent::METADESCENT_ISA::begin_backward(plan, s); }

  /** See {@link backward_segment}. */
  template <class RateAt>
  INLINE void backward(Scratch& s, const V* records, long first, long last, const V* initial, bool fresh, Rows gradients,
                       Rows weights, const RateAt& rate_at, float* sums) const {
    backward_segment<NB>(plan, s, records, first, last, initial, fresh, gradients, weights, rate_at, sums);
  }

  void unpack(const float* phi, const float* sums, float* gradient) const {
    metadescent::METADESCENT_ISA::unpack(plan, phi, sums, gradient);
  }
};

}  // namespace metadescent::METADESCENT_ISA
