#pragma once
// Steps of coordinates whose gradients the caller computes, and the backward pass through them, a block at a time.
#include "backward.h"

namespace metadescent::METADESCENT_ISA {

/** Two blocks at least per piece. */
INLINE long pieces_of(long blocks) { return (blocks + 1) / 2; }

/** Copies a block's part of a row [N], followed by zeros. */
template <long kWidth>
INLINE void load_row(const Run& run, const float* row, float* to) {
  for (long i = 0; i < kWidth; i++) to[i] = i < run.count ? row[run.first + i] : 0;
}

/** Calls work(run) for blocks `first` … `end` - 1 of N coordinates, each as a run. */
template <long kWidth, class F>
INLINE void each_block(Run& run, long coordinates, long first, long end, const F& work) {
  for (long b = first; b < end; b++) {
    run.first = b * kWidth;
    run.count = min_of(kWidth, coordinates - run.first);
    work();
  }
}

template <class Net>
void take_step(const Step& task, Pool& pool) {
  constexpr long kWidth = Net::kWidth;
  Net net(task.network);
  const Episode<Net> episode{net, task.coordinates, task.theta, task.hidden, task.fresh};
  const Rate rate = rate_at(task.rates, 0);
  with_memory(pool, pool.size(), [&](Arena& arena) { net.pack(task.phi, false, arena); });
  const long blocks = episode.blocks();
  parallel_items(pool, blocks, min_of(pieces_of(blocks), kPiecesWithoutSums), [&](Arena& arena, long, long first, long end) {
    Run run{};
    episode.lay_out(run, 1, arena);
    float* gradient = arena.take<float>(kWidth);
    typename Net::Scratch s = net.scratch(arena, false);
    if (arena.base == nullptr) return;
    each_block<kWidth>(run, task.coordinates, first, end, [&] {
      episode.begin(run, 0, 1);
      load_row<kWidth>(run, task.gradient, gradient);
      net.template forward<false>(s, gradient, run.states, task.fresh, nullptr, run.theta, rate);
      episode.end(run, 0, 1);
    });
  });
}

template <class Net>
void go_back(const Back& task, Pool& pool) {
  constexpr long kWidth = Net::kWidth;
  const long n = task.coordinates, steps = task.steps;
  Net net(task.network);
  const Episode<Net> episode{net, n, nullptr, nullptr, task.fresh};
  const long blocks = episode.blocks();
  Sums sums(net.sums(), pieces_of(blocks));
  with_memory(pool, pool.size(), [&](Arena& arena) {
    net.pack(task.phi, true, arena);
    sums.take(arena);
  });
  const long weighted = steps_with_weight(task.weights, steps);
  parallel_items(pool, blocks, sums.pieces, [&](Arena& arena, long piece, long first, long end) {
    Run run{};
    run.blocks = 1;
    run.width = kWidth;
    float* gradients = arena.take<float>((steps + 1) * kWidth);
    float* observed = task.observed == nullptr ? gradients : arena.take<float>(steps * kWidth);
    BackwardMemory memory;
    memory.take(net, steps, task.segment, arena);
    typename Net::Scratch s = net.scratch(arena, true);
    if (arena.base == nullptr) return;
    float* own = sums.begin(piece);
    each_block<kWidth>(run, n, first, end, [&] {
      for (long t = 0; t <= steps; t++) {
        load_row<kWidth>(run, task.gradients + t * n, gradients + t * kWidth);
        for (long i = 0; i < kWidth; i++) memory.weights[t * kWidth + i] = i < run.count ? static_cast<float>(task.weights[t]) : 0;
      }
      if (task.observed != nullptr)
        for (long t = 0; t < steps; t++) load_row<kWidth>(run, task.observed + t * n, observed + t * kWidth);
      const Rows rows{gradients, kWidth};
      const Path path{steps_with_gradient<kWidth>(rows, weighted), task.fresh, rows, {observed, kWidth}, {memory.weights, kWidth}};
      const auto load_state = [&](long number, V* to) { episode.load(run, 0, task.saved + number * net.rows() * n, to); };
      back_by_segments(net, s, path, task.segment, memory, load_state, [&](long t) { return rate_at(task.rates, t); }, own);
    });
  });
  net.unpack(task.phi, sums.add_up(pool), task.gradient);
}

}  // namespace metadescent::METADESCENT_ISA
