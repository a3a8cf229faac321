#pragma once
// A whole unroll: forward over T steps, and back if the meta-gradient is wanted.
//
// Functions are independent. If they are small, a piece of work is some whole functions (unroll_local.h): one thread takes
// them forward and back, with everything in its cache and without waiting for others. If a function is large, its blocks are
// the pieces (unroll_wide.h), and the threads synchronise at each step, whose gradient needs all of θ.
//
// The forward pass keeps the gradients and, every `segment` steps, the state; the backward pass recomputes each block's
// segment and uses its records while they are in the cache. If a piece's records are small, the forward pass keeps them.
#include "loss_weights.h"
#include "optimizees/optimizee.h"

namespace metadescent::METADESCENT_ISA {

/** A run of an unroll. */
struct UnrollRun : Run {
  /** [T + 1][width] with a backward pass, else [width]. */
  float* gradients;
  /** The states before each segment but the first, [segments - 1][blocks]. */
  V* saved;
};

/** What both ways have in common. */
template <class Net>
struct Unrolling {
  static constexpr long kWidth = Net::kWidth;
  using Scratch = typename Net::Scratch;

  const Unroll& u;
  Pool& pool;
  Net net;
  Episode<Net> episode;
  const bool backward;
  LossWeights weights;
  Sums sums;
  long pieces;

  /** @param wanted pieces of work */
  Unrolling(const Unroll& unroll, Pool& threads, long wanted)
      : u(unroll),
        pool(threads),
        net(unroll.network),
        episode{net, unroll.functions.count * unroll.functions.dimension, unroll.theta, unroll.hidden, unroll.fresh},
        backward(unroll.gradient != nullptr),
        weights(unroll),
        sums(net.sums(), wanted),
        pieces(backward ? sums.pieces : min_of(wanted, kPiecesWithoutSums)) {}

  Unrolling(const Unrolling&) = delete;

  /** Takes what the pieces share. */
  void share(Arena& arena) {
    net.pack(u.phi, backward, arena);
    if (!backward) return;
    weights.take(arena);
    sums.take(arena);
  }

  /** Writes the meta-gradient. */
  void finish() const {
    if (backward) net.unpack(u.phi, sums.add_up(pool), u.gradient);
  }

  void lay_out(UnrollRun& run, long blocks, Arena& arena) const {
    episode.lay_out(run, blocks, arena);
    run.gradients = arena.take<float>((backward ? u.steps + 1 : 1) * run.width);
  }

  void lay_out_saved(UnrollRun& run, Arena& arena) const {
    const long segments = (u.steps + u.segment - 1) / u.segment;
    run.saved = arena.take<V>((segments - 1) * run.blocks * net.state());
  }

  /** Reads some blocks, whose gradients are zero beyond the last coordinate. */
  void begin(const UnrollRun& run, long from, long to) const {
    episode.begin(run, from, to);
    for (long b = from; b < to; b++)
      for (long t = 0; t <= (backward ? u.steps : 0); t++)
        for (long i = episode.lanes_of(run, b); i < kWidth; i++) gradients_at(run, t)[b * kWidth + i] = 0;
  }

  float* gradients_at(const UnrollRun& run, long t) const { return run.gradients + (backward ? t * run.width : 0); }

  float* losses_at(long t) const { return u.losses + t * u.functions.count; }

  Rate rate(long t) const { return rate_at(u.rates, t); }

  /** A block's step. @param record with Keep, receives what the backward pass needs */
  template <bool Keep>
  INLINE void step(const UnrollRun& run, Scratch& s, long t, long block, V* record) const {
    const long at = block * kWidth;
    net.template forward<Keep>(s, gradients_at(run, t) + at, episode.state_of(run, block), t == 0 && u.fresh, record,
                               run.theta + at, rate(t));
  }

  /** Saves a block's state if step t begins a segment. */
  void save(const UnrollRun& run, long t, long block) const {
    if (t > 0 && t % u.segment == 0) copy(episode.state_of(run, block), saved(run, t / u.segment, block), net.state());
  }

  /** A block's steps, once the weights of its functions' losses are set. */
  Path path_of(const UnrollRun& run, long block, const BackwardMemory& memory) const {
    weights.template load<kWidth>(run, block, memory.weights);
    const Rows gradients{run.gradients + block * kWidth, run.width};
    return {steps_with_gradient<kWidth>(gradients, weights.steps), u.fresh, gradients, gradients, {memory.weights, kWidth}};
  }

  /** A block's backward pass from the saved states. @param own sums, added to */
  void back(const UnrollRun& run, Scratch& s, const BackwardMemory& memory, long block, float* own) const {
    const auto load_state = [&](long number, V* to) {
      if (number > 0) copy(saved(run, number, block), to, net.state());
      else episode.load_first(run, block, to);
    };
    back_by_segments(net, s, path_of(run, block, memory), u.segment, memory, load_state, [&](long t) { return rate(t); }, own);
  }

 private:
  V* saved(const UnrollRun& run, long segment, long block) const {
    return run.saved + ((segment - 1) * run.blocks + block) * net.state();
  }
};

}  // namespace metadescent::METADESCENT_ISA
