#pragma once
// An unroll whose pieces are whole functions.
#include "unroll.h"

namespace metadescent::METADESCENT_ISA {

/** Largest records of a batch that are kept, not recomputed; beyond the caches, keeping costs more than it saves. */
constexpr size_t kKeepBytes = size_t{4} << 20;

/** The number of functions to take together: the fewest that fill their blocks well, or that are enough work. */
template <long kWidth>
long functions_together(const Functions& f) {
  const long d = f.dimension;
  long together = 1;
  for (; together < f.count && together * d < 8 * kWidth; together++) {
    const long lanes = (together * d + kWidth - 1) / kWidth * kWidth;
    if (together * d >= 4 * kWidth && 20 * (lanes - together * d) <= lanes) break;
  }
  return together;
}

template <class Net>
class LocalUnroll {
  static constexpr long kWidth = Net::kWidth;

  const Unroll& u;
  /** Functions that are taken together, and the number of such batches. */
  const long together, batches;
  Unrolling<Net> unrolling;
  /** Whether the forward pass keeps its records. */
  const bool keep;

 public:
  LocalUnroll(const Unroll& unroll, Pool& pool)
      : u(unroll),
        together(functions_together<kWidth>(u.functions)),
        batches((u.functions.count + together - 1) / together),
        unrolling(u, pool, batches),
        keep(sizeof(V) * unrolling.net.record() * blocks_of(together) * u.steps <= kKeepBytes) {}

  void run() {
    Pool& pool = unrolling.pool;
    const long pieces = unrolling.pieces;
    with_memory(pool, pool.size(), [&](Arena& arena) { unrolling.share(arena); });
    parallel(pool, pieces, [&](int thread, int piece) {
      float* own = unrolling.backward ? unrolling.sums.begin(piece) : nullptr;
      for (long b = batches * piece / pieces; b < batches * (piece + 1) / pieces; b++) {
        const long first = b * together, count = min_of(together, u.functions.count - first);
        with_memory(pool, thread, [&](Arena& arena) { run_batch(first, count, own, arena); });
      }
    });
    unrolling.finish();
  }

 private:
  long blocks_of(long functions) const { return (functions * u.functions.dimension + kWidth - 1) / kWidth; }

  void run_batch(long first, long count, float* own, Arena& arena) const {
    const long d = u.functions.dimension;
    UnrollRun run{};
    run.first = first * d;
    run.count = count * d;
    unrolling.lay_out(run, blocks_of(count), arena);
    BackwardMemory memory;
    if (unrolling.backward) {
      if (!keep) unrolling.lay_out_saved(run, arena);
      memory.take(unrolling.net, u.steps, keep ? run.blocks * u.steps : u.segment, arena);
    }
    Optimizee optimizee;
    optimizee.prepare(u.functions, first, count, arena);
    typename Net::Scratch s = unrolling.net.scratch(arena, unrolling.backward);
    if (arena.base == nullptr) return;
    unrolling.begin(run, 0, run.blocks);
    for (long t = 0;; t++) {
      optimizee.evaluate(run.theta, t, unrolling.gradients_at(run, t), unrolling.losses_at(t) + first);
      if (t == u.steps) break;
      for (long b = 0; b < run.blocks; b++) step(run, s, memory, t, b);
    }
    if (unrolling.backward) {
      unrolling.weights.set(first, count);
      for (long b = 0; b < run.blocks; b++) back(run, s, memory, b, own);
    }
    unrolling.episode.end(run, 0, run.blocks);
  }

  V* records_of(const BackwardMemory& memory, long block) const { return memory.records + block * u.steps * unrolling.net.record(); }

  void step(const UnrollRun& run, typename Net::Scratch& s, const BackwardMemory& memory, long t, long block) const {
    if (unrolling.backward && keep) {
      unrolling.template step<true>(run, s, t, block, records_of(memory, block) + t * unrolling.net.record());
      return;
    }
    if (unrolling.backward) unrolling.save(run, t, block);
    unrolling.template step<false>(run, s, t, block, nullptr);
  }

  void back(const UnrollRun& run, typename Net::Scratch& s, const BackwardMemory& memory, long block, float* own) const {
    if (!keep) return unrolling.back(run, s, memory, block, own);
    unrolling.episode.load_first(run, block, memory.initial);
    back_through_records(unrolling.net, s, unrolling.path_of(run, block, memory), records_of(memory, block), memory.initial,
                         [&](long t) { return unrolling.rate(t); }, own);
  }
};

}  // namespace metadescent::METADESCENT_ISA
