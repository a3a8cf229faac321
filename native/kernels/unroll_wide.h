#pragma once
// An unroll whose pieces are blocks of all functions.
//
// Many coordinates of a large function may have gradients of zero, such as the weights of pixels that are never lit: a
// seventh of a perceptron's on MNIST. From a fresh start they all take the same steps, which are computed once; the
// backward pass skips what follows the last nonzero gradient.
#include "unroll.h"

namespace metadescent::METADESCENT_ISA {

/** The blocks that have seen only gradients of zero since a fresh start. */
template <class Net>
class IdleBlocks {
  static constexpr long kWidth = Net::kWidth;

  const Unrolling<Net>& unrolling;
  long blocks;
  /** [blocks] */
  bool* idle;
  /** Their state before and after a step, and their update [kWidth]. */
  V *before, *after;
  float* update;

 public:
  explicit IdleBlocks(const Unrolling<Net>& all) : unrolling(all), blocks(all.episode.blocks()) {}

  void take(Arena& arena) {
    const Net& net = unrolling.net;
    idle = arena.take<bool>(blocks);
    before = arena.take<V>(net.state());
    after = arena.take<V>(net.state());
    update = arena.take<float>(kWidth);
    if (arena.base == nullptr) return;
    for (long b = 0; b < blocks; b++) idle[b] = unrolling.u.fresh;
    clear(after, net.state());
  }

  bool has(long block) const { return idle[block]; }
  void wake(long block) { idle[block] = false; }
  void copy_before(V* state) const { copy(before, state, unrolling.net.state()); }
  void copy_after(V* state) const { copy(after, state, unrolling.net.state()); }

  /** The step of an idle block whose gradient is zero again. */
  void step_theta(float* theta, Rate rate) const {
    for (long i = 0; i < kWidth; i++) theta[i] = rate.shrink * theta[i] + update[i];
  }

  /** Computes their step, if there are any. */
  void step(long t) const {
    long b = 0;
    while (b < blocks && !idle[b]) b++;
    if (b == blocks) return;
    constexpr float kZero[kWidth]{};
    const Net& net = unrolling.net;
    copy(after, before, net.state());
    for (long i = 0; i < kWidth; i++) update[i] = 0;
    with_memory(unrolling.pool, 0, [&](Arena& arena) {
      typename Net::Scratch s = net.scratch(arena, false);
      if (arena.base != nullptr) net.template forward<false>(s, kZero, after, t == 0, nullptr, update, unrolling.rate(t));
    });
  }
};

template <class Net>
class WideUnroll {
  static constexpr long kWidth = Net::kWidth;
  using Scratch = typename Net::Scratch;

  const Unroll& u;
  Unrolling<Net> unrolling;
  UnrollRun run_of_all{};
  IdleBlocks<Net> idle;
  Optimizee optimizee;

 public:
  WideUnroll(const Unroll& unroll, Pool& pool)
      : u(unroll), unrolling(u, pool, (blocks_of(u) + 1) / 2), idle(unrolling) {}

  void run() {
    UnrollRun& run = run_of_all;
    run.count = unrolling.episode.coordinates;
    with_memory(unrolling.pool, unrolling.pool.size(), [&](Arena& arena) {
      unrolling.share(arena);
      unrolling.lay_out(run, blocks_of(u), arena);
      if (unrolling.backward) unrolling.lay_out_saved(run, arena);
      idle.take(arena);
      optimizee.prepare(u.functions, 0, u.functions.count, arena);
    });
    each_piece([&](Scratch&, const BackwardMemory&, long, long from, long to) { unrolling.begin(run, from, to); });
    for (long t = 0;; t++) {
      optimizee.evaluate(run.theta, t, unrolling.gradients_at(run, t), unrolling.losses_at(t), &unrolling.pool);
      if (t == u.steps) break;
      idle.step(t);
      each_piece([&](Scratch& s, const BackwardMemory&, long, long from, long to) {
        for (long b = from; b < to; b++) step(s, t, b);
      });
    }
    if (unrolling.backward) unrolling.weights.set(0, u.functions.count);
    each_piece([&](Scratch& s, const BackwardMemory& memory, long piece, long from, long to) {
      float* own = unrolling.backward ? unrolling.sums.begin(piece) : nullptr;
      for (long b = from; b < to; b++) {
        if (unrolling.backward) unrolling.back(run, s, memory, b, own);
        if (idle.has(b)) idle.copy_after(unrolling.episode.state_of(run, b));
      }
      unrolling.episode.end(run, from, to);
    });
    unrolling.finish();
  }

 private:
  static long blocks_of(const Unroll& u) { return (u.functions.count * u.functions.dimension + kWidth - 1) / kWidth; }

  /** Calls work(scratch, memory for a backward pass, piece, first block, end) for every piece. */
  template <class F>
  void each_piece(const F& work) const {
    parallel_items(unrolling.pool, blocks_of(u), unrolling.pieces, [&](Arena& arena, long piece, long from, long to) {
      BackwardMemory memory;
      if (unrolling.backward) memory.take(unrolling.net, u.steps, u.segment, arena);
      Scratch s = unrolling.net.scratch(arena, unrolling.backward);
      if (arena.base != nullptr) work(s, memory, piece, from, to);
    });
  }

  void step(Scratch& s, long t, long block) {
    const UnrollRun& run = run_of_all;
    const bool was_idle = idle.has(block);
    if (was_idle) idle.copy_before(unrolling.episode.state_of(run, block));
    if (unrolling.backward) unrolling.save(run, t, block);
    if (was_idle && is_zero<kWidth>(unrolling.gradients_at(run, t) + block * kWidth)) {
      idle.step_theta(run.theta + block * kWidth, unrolling.rate(t));
      return;
    }
    idle.wake(block);
    unrolling.template step<false>(run, s, t, block, nullptr);
  }
};

}  // namespace metadescent::METADESCENT_ISA
