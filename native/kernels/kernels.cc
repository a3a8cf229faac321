// The kernels of one instruction set: compiled once for each, with that set's flags and namespace.
#include "adam.h"
#include "unroll.h"

namespace metadescent::METADESCENT_ISA {
namespace {

/** A block of one vector where there are that few coordinates, of kWide else. */
void unroll(const Unroll& task, Pool& pool) {
  if (task.functions.count * task.functions.dimension <= kLanes) UnrollTask<1>(task, pool).run();
  else UnrollTask<kWide>(task, pool).run();
}

void respond(const Response& r, Pool& pool) {
  constexpr int NB = kWide;
  constexpr long width = static_cast<long>(kLanes) * NB;
  Plan plan = plan_of<NB>(r.network);
  with_memory(pool, pool.size(), [&](Arena& arena) { pack<NB>(plan, r.phi, false, arena); });
  const long blocks = (r.coordinates + width - 1) / width, pieces = min_of(blocks, 1024);
  parallel(pool, pieces, [&](int thread, int piece) {
    with_memory(pool, thread, [&](Arena& arena) {
      Scratch<NB> s(plan, arena, false);
      V* state = arena.take<V>(plan.state * NB);
      float* gradient = arena.take<float>(width);
      float* update = arena.take<float>(width);
      if (arena.base == nullptr) return;
      for (long b = blocks * piece / pieces; b < blocks * (piece + 1) / pieces; b++) {
        clear(state, plan.state * NB);
        for (long t = 0; t < r.steps; t++) {
          const long at = t * r.coordinates + b * width, lanes = min_of(width, r.coordinates - b * width);
          for (long i = 0; i < width; i++) gradient[i] = i < lanes ? r.gradients[at + i] : 0;
          for (long i = 0; i < width; i++) update[i] = 0;
          forward_step<false>(plan, s, gradient, state, t == 0, nullptr, update);
          for (long i = 0; i < lanes; i++) r.updates[at + i] = update[i];
        }
      }
    });
  });
}

void evaluate(const Evaluation& e, Pool& pool) {
  const Functions& f = e.functions;
  if (f.family == Functions::kPerceptron && f.count < kManyFunctions) {
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
const Kernels kernels{METADESCENT_NAME(METADESCENT_ISA), unroll, respond, evaluate, adam_step};

}  // namespace metadescent::METADESCENT_ISA
