// The kernels of one instruction set: compiled once per set, with its flags and namespace.
#include "descent.h"
#include "newton_schulz.h"
#include "unroll.h"

namespace metadescent::METADESCENT_ISA {

extern const MlpKernels mlp_kernels;

namespace {

/** Calls f(Size<NB>), the vectors per block: one if the coordinates fit it, else kWide. */
template <class F>
void with_blocks(long coordinates, const F& f) {
  if (coordinates <= kLanes) f(Size<1>{});
  else f(Size<kWide>{});
}

void unroll(const Unroll& task, Pool& pool) {
  with_blocks(task.functions.count * task.functions.dimension, [&](auto size) { UnrollTask<size.value>(task, pool).run(); });
}

/** One function that only counts coordinates and is never evaluated. */
Functions elsewhere(long coordinates) { return {Functions::kElsewhere, 1, coordinates, {}, {}, {}, nullptr}; }

void step(const Step& s, Pool& pool) {
  const Unroll task{s.network, elsewhere(s.coordinates), s.phi, 1, nullptr, s.theta, s.hidden, s.fresh, 1, s.rates, nullptr, nullptr, kLoss, nullptr};
  with_blocks(s.coordinates, [&](auto size) { UnrollTask<size.value>(task, pool).step(s.gradient); });
}

void back(const Back& b, Pool& pool) {
  const Unroll task{b.network, elsewhere(b.coordinates), b.phi, b.steps, b.weights, nullptr, nullptr, b.fresh, b.segment, b.rates, nullptr, b.gradient, kLoss, nullptr};
  with_blocks(b.coordinates, [&](auto size) { UnrollTask<size.value>(task, pool).back(b.gradients, b.observed, b.saved); });
}

void evaluate(const Evaluation& e, Pool& pool) {
  const Functions& f = e.functions;
  if (f.of_examples() && f.count < kManyFunctions) {
    Optimizee optimizee;
    with_memory(pool, pool.size(), [&](Arena& arena) { optimizee.prepare(f, 0, f.count, arena); });
    optimizee.evaluate(e.theta, 0, e.gradient, e.losses, &pool);
    return;
  }
  const long batch = max_of(1, min_of(f.count, 4096 / f.dimension / kLanes * kLanes));
  const long batches = (f.count + batch - 1) / batch, pieces = min_of(batches, 1024);
  parallel(pool, pieces, [&](int thread, int piece) {
    for (long b = batches * piece / pieces; b < batches * (piece + 1) / pieces; b++) {
      const long first = b * batch, count = min_of(batch, f.count - first);
      with_memory(pool, thread, [&](Arena& arena) {
        Optimizee optimizee;
        optimizee.prepare(f, first, count, arena);
        if (arena.base == nullptr) return;
        const long at = first * f.dimension;
        optimizee.evaluate(e.theta + at, 0, e.gradient + at, e.losses + first);
      });
    }
  });
}

}  // namespace

#define METADESCENT_TEXT(name) #name
#define METADESCENT_NAME(name) METADESCENT_TEXT(name)
extern const Kernels kernels;
const Kernels kernels{METADESCENT_NAME(METADESCENT_ISA), unroll, step, back, evaluate, descend, orthogonalise, &mlp_kernels};

}  // namespace metadescent::METADESCENT_ISA
