#pragma once
// How steps of a network on many coordinates are divided among threads: in pieces of whole blocks, cut by the work's sizes
// only, so that the bits do not depend on the number of threads. Networks are templates' parameters (networks/network.h).
#include "networks/network.h"
#include "parallel.h"

namespace metadescent::METADESCENT_ISA {

/** Limits on sets of partial sums: enough to divide work evenly, few enough to add up quickly and to fit memory. */
constexpr long kPieces = 64;
constexpr long kSumsFloats = 1L << 26;
/** Limit on pieces of work without sums. */
constexpr long kPiecesWithoutSums = 1024;

/** Calls work(arena, piece, first, end) for each piece of consecutive items; with a counting arena it must only count. */
template <class F>
INLINE void parallel_items(Pool& pool, long items, long pieces, const F& work) {
  parallel(pool, pieces, [&](int thread, int piece) {
    with_memory(pool, thread, [&](Arena& arena) { work(arena, piece, items * piece / pieces, items * (piece + 1) / pieces); });
  });
}

/** Partial sums of dL/dφ, one set per piece of work, which are added in the order of the pieces. */
struct Sums {
  /** Floats of a set, and the number of sets. */
  long size, pieces;
  float* sets;

  Sums(long floats, long wanted) : size(floats), pieces(min_of(wanted, max_of(1, min_of(kPieces, kSumsFloats / floats)))) {}

  void take(Arena& arena) { sets = arena.take<float>(size * pieces); }

  /** A piece's set, cleared. */
  float* begin(long piece) const {
    float* own = sets + piece * size;
    for (long i = 0; i < size; i++) own[i] = 0;
    return own;
  }

  /** Adds the other sets to the first. @returns their total */
  const float* add_up(Pool& pool) const {
    const long slices = size * pieces > 1L << 20 ? 16 : 1;
    parallel(pool, slices, [&](int, int slice) {
      const long from = size * slice / slices, to = size * (slice + 1) / slices;
      for (long piece = 1; piece < pieces; piece++)
        for (long i = from; i < to; i++) sets[i] += sets[piece * size + i];
    });
    return sets;
  }
};

/** α_t, and 1 - α_t λ. */
INLINE Rate rate_at(const Rates& rates, long t) {
  const float rate = rates.each == nullptr ? 1 : rates.each[t];
  return {rate, static_cast<float>(1 - rate * rates.decay)};
}

/** Consecutive coordinates in whole blocks. Lanes beyond the last coordinate are zero. */
struct Run {
  /** Number of coordinates, and the first one's place in the batch. */
  long count, first;
  /** Blocks, and their coordinates. */
  long blocks, width;
  float* theta;
  /** [blocks] */
  V* states;
};

/** An episode as the caller lays it out. */
template <class Net>
struct Episode {
  static constexpr long kWidth = Net::kWidth;

  const Net& net;
  /** N */
  long coordinates;
  /** θ [N] */
  float* theta;
  /** The networks' state [rows, N]; not read if it is fresh, which is all zeros. */
  float* hidden;
  bool fresh;

  long blocks() const { return (coordinates + kWidth - 1) / kWidth; }

  void lay_out(Run& run, long blocks, Arena& arena) const {
    run.blocks = blocks;
    run.width = blocks * kWidth;
    run.theta = arena.take<float>(run.width);
    run.states = arena.take<V>(blocks * net.state());
  }

  /** Lanes of a block that have a coordinate. */
  static long lanes_of(const Run& run, long block) { return min_of(kWidth, run.count - block * kWidth); }

  V* state_of(const Run& run, long block) const { return run.states + block * net.state(); }

  /** Reads θ and the states of some blocks. */
  void begin(const Run& run, long from, long to) const {
    for (long b = from; b < to; b++) {
      const long at = b * kWidth, lanes = lanes_of(run, b);
      for (long i = 0; i < kWidth; i++) run.theta[at + i] = i < lanes ? theta[run.first + at + i] : 0;
      load_first(run, b, state_of(run, b));
    }
  }

  /** Writes them back. */
  void end(const Run& run, long from, long to) const {
    for (long b = from; b < to; b++) {
      const long at = b * kWidth, lanes = lanes_of(run, b);
      for (long i = 0; i < lanes; i++) theta[run.first + at + i] = run.theta[at + i];
      const V* state = state_of(run, b);
      float* row = hidden + run.first + at;
      net.each_row([&](long place) {
        const float* lane = reinterpret_cast<const float*>(state + place);
        for (long i = 0; i < lanes; i++) row[i] = lane[i];
        row += coordinates;
      });
    }
  }

  /** A block's state before the first step, which is the episode's until {@link end}. */
  void load_first(const Run& run, long block, V* state) const {
    if (fresh) clear(state, net.state());
    else load(run, block, hidden, state);
  }

  /** Reads a block's state from one in the layout of `hidden`. */
  void load(const Run& run, long block, const float* from, V* state) const {
    clear(state, net.state());
    const long lanes = lanes_of(run, block);
    const float* row = from + run.first + block * kWidth;
    net.each_row([&](long place) {
      float* lane = reinterpret_cast<float*>(state + place);
      for (long i = 0; i < lanes; i++) lane[i] = row[i];
      row += coordinates;
    });
  }
};

}  // namespace metadescent::METADESCENT_ISA
