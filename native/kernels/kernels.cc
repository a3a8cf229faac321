// The kernels of one instruction set: compiled once per set, with its flags and namespace.
#include "descent.h"
#include "networks/lstm.h"
#include "newton_schulz.h"
#include "steps.h"
#include "unroll_local.h"
#include "unroll_wide.h"

namespace metadescent::METADESCENT_ISA {

extern const MlpKernels mlp_kernels;

namespace {

/** Calls f(Size<NB>), the vectors per block: one if the coordinates fit it, else kWide. */
template <class F>
void with_blocks(long coordinates, const F& f) {
  if (coordinates <= kLanes) f(Size<1>{});
  else f(Size<kWide>{});
}

/** Functions with more coordinates are divided among threads by blocks, unless there are many of them. */
constexpr long kLargeDimension = 256;
constexpr long kManyFunctions = 16;

void unroll(const Unroll& task, Pool& pool) {
  const Functions& f = task.functions;
  with_blocks(f.count * f.dimension, [&](auto size) {
    using Net = Lstm<size.value>;
    if (f.dimension > kLargeDimension && f.count < kManyFunctions) WideUnroll<Net>(task, pool).run();
    else LocalUnroll<Net>(task, pool).run();
  });
}

void step(const Step& task, Pool& pool) {
  with_blocks(task.coordinates, [&](auto size) { take_step<Lstm<size.value>>(task, pool); });
}

void back(const Back& task, Pool& pool) {
  with_blocks(task.coordinates, [&](auto size) { go_back<Lstm<size.value>>(task, pool); });
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
