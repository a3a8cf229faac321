#pragma once
// The network's inputs for a gradient g: g itself, or log-and-sign in either form.
#include "../../engine/task.h"
#include "../activations.h"

namespace metadescent::METADESCENT_ISA {

/**
 * @param in [1 or 2][NB]: this vector's inputs go to in[0] and in[NB]
 */
template <int NB>
INLINE void preprocess(const Preprocessing& p, V g, V* in) {
  const V size = absolute(g);
  switch (p.kind) {
    case Preprocessing::kNone:
      in[0] = g;
      return;
    case Preprocessing::kPaper: {  // (log|g| / p, sign g) where |g| >= e^-p, else (-1, e^p g)
      const VInt large = size >= set(p.threshold);
      in[0] = select(large, logarithm(at_least(size, p.threshold)) * set(p.log_scale), set(-1.f));
      in[NB] = select(large, from_bits((bits(g) & static_cast<int>(0x80000000)) | bits(set(1.f))), g * set(p.linear_scale));
      return;
    }
    case Preprocessing::kDeepMind:  // (max(log(|g| + ε) / k, -1), clip(e^k g, -1, 1)), ε = 2^-23
      in[0] = at_least(logarithm(size + set(0x1p-23f)) * set(p.log_scale), -1.f);
      in[NB] = at_most(at_least(g * set(p.linear_scale), -1.f), 1.f);
      return;
  }
}

}  // namespace metadescent::METADESCENT_ISA
