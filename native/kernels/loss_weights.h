#pragma once
// The weights of an unroll's losses in the meta-loss.
#include "backward.h"

namespace metadescent::METADESCENT_ISA {

/** What kRelative divides by: |f(θ_0)|, or 1 where float cannot hold the reciprocal. As in src/core/engines/objective.ts. */
INLINE double size_of(double first_loss) {
  const double size = __builtin_fabs(first_loss);
  return size <= 0x1p-128 ? 1 : size;
}

/** w_t ℓ'(f(θ_t)) / B of every loss. */
class LossWeights {
  const Unroll& u;
  /** [T + 1] where ℓ' is 1, else [T + 1][B]. */
  float* at;

  /** w_t / B */
  float weight_of(long t) const { return static_cast<float>(u.weights[t] / static_cast<double>(u.functions.count)); }

 public:
  /** The number of steps followed by a loss with a nonzero weight. */
  long steps;

  explicit LossWeights(const Unroll& unroll) : u(unroll) {}

  void take(Arena& arena) {
    at = arena.take<float>((u.steps + 1) * (u.objective == kLoss ? 1 : u.functions.count));
    if (arena.base == nullptr) return;
    steps = steps_with_weight(u.weights, u.steps);
    if (u.objective == kLoss)
      for (long t = 0; t <= u.steps; t++) at[t] = weight_of(t);
  }

  /** Sets the weights of some functions, once their losses are known. */
  void set(long first, long count) const {
    if (u.objective == kLoss) return;
    const long all = u.functions.count;
    const float* initial = u.initial ? u.initial : u.losses;
    for (long t = 0; t <= u.steps; t++)
      for (long f = first; f < first + count; f++) {
        const double loss = u.losses[t * all + f];
        const double slope = u.objective == kRelative ? 1 / size_of(initial[f]) : loss < 0 ? 0 : 1 / (loss + kLogOffset);
        at[t * all + f] = static_cast<float>(weight_of(t) * slope);
      }
  }

  /**
   * Writes those of a block's coordinates, [T + 1][kWidth]. Lanes beyond the last coordinate get 0: the weights of the next
   * functions may not be known yet.
   */
  template <long kWidth>
  void load(const Run& run, long block, float* to) const {
    const long d = u.functions.dimension, first = run.first + block * kWidth, last = u.functions.count - 1;
    const long functions = u.objective == kLoss ? 1 : last + 1;
    for (long i = 0; i < kWidth; i++) {
      const float* own = at + (functions == 1 ? 0 : min_of((first + i) / d, last));
      const bool real = block * kWidth + i < run.count;
      for (long t = 0; t <= u.steps; t++) to[t * kWidth + i] = real ? own[t * functions] : 0;
    }
  }
};

}  // namespace metadescent::METADESCENT_ISA
