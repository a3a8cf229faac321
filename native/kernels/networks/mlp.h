#pragma once
// A step of an MLP optimizer: of matrices whose lanes are particles on one thread, or of functions whose lanes are
// coordinates on all threads. Work is divided by shapes only and partial sums are added in order, so the bits do not
// depend on the number of threads.
#include "../parallel.h"
#include "mlp_net.h"

namespace metadescent::METADESCENT_ISA {

/** Calls f(shape) with constants for the usual networks. */
template <class F>
INLINE void with_shape(const Slots& slots, const F& f) {
  if (slots == kCeloSlots) f(FixedSlots<kCeloSlots>(slots));
  else if (slots == kSmallSlots) f(FixedSlots<kSmallSlots>(slots));
  else f(AnySlots(slots));
}

/**
 * A step of one matrix of particles.
 * @param summed whether the gradient is clipped already, and its sums are in the statistics
 * @param rate α of each lane @param decay α λ
 */
template <class Shape>
void step_particles(const Shape& shape, const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s,
                    MlpScratch& scratch, bool summed, V rate, V decay) {
  using L = Particles;
  const Rectangle whole = whole_of<L>(m);
  MlpSums sums;
  if (m.vector) {
    vector_moments<L>(plan, w, m, s, whole, sums);
  } else {
    if (!summed) {
      for (long c = 0; c < m.columns; c++) L::put(s.column_sum, c, V{});
      square_sums<L>(plan, m, s, whole, s.column_sum);
    }
    factored_moments<L>(plan, w, m, s);
  }
  moments<L>(shape, plan, w, m, s, whole, sums);
  normalise<L>(plan, w, m, s, sums);
  const V squares = directions<L>(shape, plan, w, m, s, scratch, whole);
  descend<L>(m, step_size<L>(plan, m, squares, rate), decay, whole);
}

/** A function's matrices, whose lanes are coordinates, and how a step of them is divided. */
class CoordinateSteps {
  /** Coordinates of a piece, about, and at most so many pieces per matrix: each has column sums of its own. */
  static constexpr long kPiece = 16384, kMaxPieces = 64;

  struct Piece {
    int matrix;
    Rectangle part;
    float* column_sum;
    V squares;
    MlpSums sums;
  };

  const MlpPlan& plan;
  MlpMatrix* matrix;
  int matrices;
  MlpStatistics* statistics;
  Piece* piece;
  int pieces;

 public:
  /**
   * Takes its memory; with a counting arena it only counts.
   * @param m the matrices, not read while counting @param shapes calls what it is given with the shape of each
   */
  template <class Shapes>
  CoordinateSteps(const MlpPlan& p, MlpMatrix* m, const Shapes& shapes, Arena& arena) : plan(p), matrix(m), matrices(0), pieces(0) {
    shapes([&](const MlpMatrix& shape) {
      matrices++;
      pieces += pieces_of(shape);
    });
    statistics = arena.take<MlpStatistics>(matrices);
    piece = arena.take<Piece>(pieces);
    int next = 0, i = 0;
    shapes([&](const MlpMatrix& shape) {
      MlpStatistics s{};
      take_statistics<Coordinates>(s, shape.rows, shape.columns, plan, arena);
      const long rows = shape.rows, vectors = Coordinates::vectors(shape.columns), n = pieces_of(shape);
      for (long k = 0; k < n; k++) {
        float* const sums = shape.vector ? nullptr : take_numbers<Coordinates>(shape.columns, arena);
        if (arena.base == nullptr) continue;
        Piece& to = piece[next++];
        to.matrix = i;
        to.column_sum = sums;
        to.part = shape.vector ? Rectangle{0, 1, vectors * k / n, vectors * (k + 1) / n}
                               : Rectangle{rows * k / n, rows * (k + 1) / n, 0, vectors};
      }
      if (arena.base) statistics[i] = s;
      i++;
    });
  }

  /** @param scratch a thread's memory, base set @param rate α @param decay α λ */
  void step(const MlpWeights& w, MlpScratch* scratch, float rate, float decay, Pool& pool) const {
    with_shape(plan.slots, [&](const auto& shape) { step_as(shape, w, scratch, rate, decay, pool); });
  }

 private:
  static int pieces_of(const MlpMatrix& m) {
    const long most = min_of(kMaxPieces, m.vector ? Coordinates::vectors(m.columns) : m.rows);
    return static_cast<int>(min_of(max_of(1, m.size() / kPiece), most));
  }

  template <class Shape>
  void step_as(const Shape& shape, const MlpWeights& w, MlpScratch* scratch, float rate, float decay, Pool& pool) const {
    using L = Coordinates;
    parallel_flushed(pool, pieces, [&](int, int p) {
      Piece& own = piece[p];
      const MlpMatrix& m = matrix[own.matrix];
      if (m.vector) {
        vector_moments<L>(plan, w, m, statistics[own.matrix], own.part, own.sums);
        return;
      }
      for (long c = 0; c < L::vectors(m.columns); c++) store(own.column_sum + c * kLanes, V{});
      square_sums<L>(plan, m, statistics[own.matrix], own.part, own.column_sum);
    });
    parallel_flushed(pool, matrices, [&](int, int i) {
      if (matrix[i].vector) return;
      float* const total = statistics[i].column_sum;
      const long vectors = L::vectors(matrix[i].columns);
      for (long c = 0; c < vectors; c++) {
        V sum{};
        each_of(i, [&](const Piece& p) { sum = sum + load(p.column_sum + c * kLanes); });
        store(total + c * kLanes, sum);
      }
      factored_moments<L>(plan, w, matrix[i], statistics[i]);
    });
    parallel_flushed(pool, pieces, [&](int, int p) {
      Piece& own = piece[p];
      moments<L>(shape, plan, w, matrix[own.matrix], statistics[own.matrix], own.part, own.sums);
    });
    parallel_flushed(pool, matrices, [&](int, int i) {
      MlpSums sums{};
      each_of(i, [&](const Piece& p) {
        for (int k = 0; k < plan.slots.count(); k++) sums.slot[k] = sums.slot[k] + p.sums.slot[k];
        for (int k = 0; matrix[i].vector && k < plan.slots.factored; k++) {
          sums.moment[k] = sums.moment[k] + p.sums.moment[k];
          sums.inverse[k] = sums.inverse[k] + p.sums.inverse[k];
        }
      });
      normalise<L>(plan, w, matrix[i], statistics[i], sums);
    });
    parallel_flushed(pool, pieces, [&](int thread, int p) {
      Piece& own = piece[p];
      own.squares = directions<L>(shape, plan, w, matrix[own.matrix], statistics[own.matrix], scratch[thread], own.part);
    });
    parallel_flushed(pool, pieces, [&](int, int p) {
      const MlpMatrix& m = matrix[piece[p].matrix];
      V squares{};
      each_of(piece[p].matrix, [&](const Piece& other) { squares = squares + other.squares; });
      descend<L>(m, step_size<L>(plan, m, squares, set(rate)), set(decay), piece[p].part);
    });
  }

  /** Calls f for the pieces of a matrix, in order. */
  template <class F>
  void each_of(int which, const F& f) const {
    for (int p = 0; p < pieces; p++)
      if (piece[p].matrix == which) f(piece[p]);
  }

  template <class F>
  static void parallel_flushed(Pool& pool, long count, const F& work) {
    parallel(pool, count, [&](int thread, int i) {
      const FlushDenormals flush;
      work(thread, i);
    });
  }
};

}  // namespace metadescent::METADESCENT_ISA
