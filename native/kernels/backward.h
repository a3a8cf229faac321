#pragma once
// The backward pass of a block.
#include "schedule.h"

namespace metadescent::METADESCENT_ISA {

/** What a block's backward pass reads of its steps. */
struct Path {
  /** Steps that contribute to dL/dφ. */
  long steps;
  /** Whether the state before the first is all zeros. */
  bool fresh;
  /** ∇f(θ_t), t = 0 … T, what the network saw of them, and the weight of each lane's loss. */
  Rows gradients, observed, weights;
};

/** Whether a block's row is all zeros. */
template <long kWidth>
INLINE bool is_zero(const float* row) {
  for (long i = 0; i < kWidth; i++)
    if (row[i] != 0) return false;
  return true;
}

/** The number of steps followed by a loss with a nonzero weight. */
INLINE long steps_with_weight(const double* weights, long steps) {
  while (steps > 0 && weights[steps] == 0) steps--;
  return steps;
}

/** The number of these steps that a nonzero gradient follows: later ones do not contribute. */
template <long kWidth>
INLINE long steps_with_gradient(Rows gradients, long steps) {
  while (steps > 0 && is_zero<kWidth>(gradients.row(steps))) steps--;
  return steps;
}

/** A thread's memory for backward passes, for one block at a time. */
struct BackwardMemory {
  V* records;
  /** The state before a segment, and while the segment is recomputed. */
  V *initial, *again;
  /** The weight of each lane's loss, [T + 1][kWidth]. */
  float* weights;

  /** @param recorded steps with records */
  template <class Net>
  void take(const Net& net, long steps, long recorded, Arena& arena) {
    records = arena.take<V>(recorded * net.record());
    initial = arena.take<V>(net.state());
    again = arena.take<V>(net.state());
    weights = arena.take<float>((steps + 1) * Net::kWidth);
  }
};

/**
 * A block's backward pass, which recomputes each segment of steps and uses its records while they are in the cache.
 * @param load_state load_state(number, to) provides the state before a segment
 * @param sums added to
 */
template <class Net, class LoadState, class RateAt>
INLINE void back_by_segments(const Net& net, typename Net::Scratch& s, const Path& path, long segment,
                             const BackwardMemory& memory, const LoadState& load_state, const RateAt& rates, float* sums) {
  net.begin_backward(s);
  for (long number = (path.steps + segment - 1) / segment - 1; number >= 0; number--) {
    const long first = number * segment, last = min_of(first + segment, path.steps);
    const bool fresh = first == 0 && path.fresh;
    load_state(number, memory.initial);
    copy(memory.initial, memory.again, net.state());
    for (long t = first; t < last; t++)
      net.template forward<true>(s, path.observed.row(t), memory.again, t == first && fresh,
                                 memory.records + (t - first) * net.record(), nullptr, Rate{});
    net.backward(s, memory.records, first, last, memory.initial, fresh, path.gradients, path.weights, rates, sums);
  }
}

/** The same, with the records of all steps. @param initial the state before the first */
template <class Net, class RateAt>
INLINE void back_through_records(const Net& net, typename Net::Scratch& s, const Path& path, const V* records,
                                 const V* initial, const RateAt& rates, float* sums) {
  if (path.steps == 0) return;
  net.begin_backward(s);
  net.backward(s, records, 0, path.steps, initial, path.fresh, path.gradients, path.weights, rates, sums);
}

}  // namespace metadescent::METADESCENT_ISA
