#pragma once
// The network at every coordinate, and the step.
#include "../operands.h"
#include "../tiles.h"
#include "mlp_moments.h"

namespace metadescent::METADESCENT_ISA {

/** Vectors of coordinates, and units, of a register tile. */
constexpr int kNetVectors = 3;
constexpr int kNetUnits = kRegisters == 32 ? 8 : 4;

/** A thread's memory for the network. */
struct MlpScratch {
  /** The slots of a block, [slots][vectors], and the values of two layers, [units][vectors]; as operands. */
  float *slots, *values[2];
  /** What time and the bias add to the first layer: [units], for matrices and for vectors. */
  float *base_matrix, *base_vector;
  /** What the columns of a block add to it, [vectors][units]. */
  float* column_base;
};

/** Vectors of columns whose shares of the first layer are kept: few for particles, whose rows pass them again and again;
 * many for coordinates, since the hardware prefetches long runs. */
template <class Lanes>
long column_block(const MlpPlan& plan) {
  const long most = Lanes::kWidth == kLanes ? 96 : 504;
  const long vectors = most / plan.widths[1] / kNetVectors * kNetVectors;
  return vectors < kNetVectors ? kNetVectors : vectors;
}

template <class Lanes>
void take_scratch(MlpScratch& s, const MlpPlan& plan, Arena& arena) {
  const long units = plan.widths[1];
  s.slots = arena.take<float>(static_cast<long>(plan.slots.count()) * kNetVectors * kLanes);
  for (float*& values : s.values) values = arena.take<float>(static_cast<long>(plan.widest) * kNetVectors * kLanes);
  s.base_matrix = take_numbers<Lanes>(units, arena);
  s.base_vector = take_numbers<Lanes>(units, arena);
  s.column_base = arena.take<float>(column_block<Lanes>(plan) * units * kLanes);
}

/** tanh(t/τ - 1) and the bias through the first layer. @param time t of each lane */
template <class Lanes>
void set_base(const MlpPlan& plan, const MlpWeights& w, V time, MlpScratch& s) {
  const int units = plan.widths[1];
  V tanh[kTimes];
  for (int i = 0; i < kTimes; i++) {
    V y[1] = {fma(time, set(1 / kTimeConstants[i]), set(-1.f)) * set(2 * kLog2E)};
    exp2_minus_1(y);
    tanh[i] = y[0] / (y[0] + set(2.f));
  }
  const auto put = [&](float* base, const InputRows& rows) {
    for (int j = 0; j < units; j++) {
      V sum = Lanes::get(w.phi, plan.bias[0] + j);
      for (int i = 0; rows.time >= 0 && i < kTimes; i++)
        sum = fma(tanh[i], Lanes::get(w.phi, static_cast<long>(rows.time + i) * units + j), sum);
      Lanes::put(base, j, sum);
    }
  };
  put(s.base_matrix, plan.of_matrix);
  put(s.base_vector, plan.of_vector);
}

/** sums[j] = base[j] + Σ_k x_k a[k][j] + 1/√(x_k + ε) b[k][j], for one row, or for a vector of columns. */
template <class Lanes, class Get, class Put>
INLINE void add_rank_one(const MlpPlan& plan, const float* a, const float* b, const V* x, const Get& base, const Put& put) {
  const int units = plan.widths[1], factored = plan.slots.factored;
  V root[kMaxDecays];
  for (int k = 0; k < factored; k++) root[k] = inverse_root(x[k] + set(plan.spec->epsilon_factored));
  for (int j = 0; j < units; j++) {
    V sum = base(j);
    for (int k = 0; k < factored; k++) {
      sum = fma(x[k], Lanes::get(a, k * units + j), sum);
      sum = fma(root[k], Lanes::get(b, k * units + j), sum);
    }
    put(j, sum);
  }
}

/**
 * to[j][n] = rows[j] (+ columns[n][j]) + Σ_i w[i][j] x[i][n], over tiles of units j, and ReLU of that as operands if
 * `rectifies`. A call, since it has many tiles, which would be compiled anew for every network and layer.
 * @param w [inputs][units] and x: operands @param columns null for none
 */
template <class Lanes, int NB>
__attribute__((noinline)) void weigh(const float* w, const float* x, long inputs, int units, float* to, const float* rows,
                                     const float* columns, bool rectifies) {
  static_assert(kNetUnits % 2 == 0, "pairs of units are in one tile");
  for_tiles<kNetUnits>(units, [&](int unit, auto size) {
    constexpr int U = decltype(size)::value;
    V a[U][NB];
    UNROLL for (int j = 0; j < U; j++) {
      const V row = Lanes::get(rows, unit + j);
      UNROLL for (int n = 0; n < NB; n++) a[j][n] = columns ? row + load(columns + (n * units + unit + j) * kLanes) : row;
    }
    const float* from = w + unit * Lanes::kWidth;
#pragma GCC unroll 1
    for (long i = 0; i < inputs; i++) {
      V xs[NB];
      UNROLL for (int n = 0; n < NB; n++) xs[n] = load(x + (i * NB + n) * kLanes);
      UNROLL for (int j = 0; j < U; j++) {
        V weight = Lanes::get(from, j);
        if constexpr (NB > 1) keep_in_register(weight);
        UNROLL for (int n = 0; n < NB; n++) a[j][n] = add_product(weight, xs[n], a[j][n]);
      }
      from += units * Lanes::kWidth;
    }
    if (rectifies) {
      UNROLL for (int j = 0; j < U; j++) UNROLL for (int n = 0; n < NB; n++) a[j][n] = at_least(a[j][n], 0);
      if constexpr (kPairs) {
        UNROLL for (int j = 0; j < U; j += 2)
          UNROLL for (int n = 0; n < NB; n++)
            store(to + ((unit + j) / 2 * NB + n) * kLanes, operand(a[j][n], j + 1 < U ? a[(j + 1) % U][n] : V{}));
        return;
      }
    }
    UNROLL for (int j = 0; j < U; j++)
      UNROLL for (int n = 0; n < NB; n++) store(to + ((unit + j) * NB + n) * kLanes, a[j][n]);
  });
}

/**
 * The direction of NB neighbouring vectors of a row, in place of their gradients.
 * @param kind Part<true> unless lanes of a single vector lie beyond its row @returns its sum of squares
 */
template <class Lanes, int NB, class Shape, class P>
INLINE V direct(const Shape& shape, const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s,
                const MlpScratch& scratch, long row, long vector, long block, P kind) {
  const Slots& in = shape.slots;
  const long i = at<Lanes>(m, row, vector), left = m.columns - vector * kLanes;
  const V epsilon = set(plan.spec->epsilon_moment);
#pragma GCC unroll 1
  for (int n = 0; n < NB; n++) {
    const long e = i + n * kLanes;
    float* to = scratch.slots + n * kLanes;
    V first;
    bool waits = false;
    const auto put = [&](V v) __attribute__((always_inline)) {
      if constexpr (kPairs) {
        waits = !waits;
        if (waits) {
          first = v;
          return;
        }
        v = operand(first, v);
      }
      store(to, v);
      to += NB * kLanes;
    };
    const V g = load_part(m.gradient + e, left, kind);
    V root;
    if (in.gradient) put(g);
    if (in.clipped) put(clip(g, .1f));
    if (in.parameter) put(load_part(m.theta + e, left, kind));
    if (in.needs_second()) {
      const V v = load_part(m.second + e, left, kind);
      if (in.second) put(v);
      if (in.needs_root()) root = inverse_root(v + epsilon);
      if (in.inverse) put(root);
      if (in.over_root) put(g * root);
    }
    V mean[kMaxDecays], factor[kMaxDecays];
    UNROLL_FEW for (int k = 0; k < in.momenta; k++)
      if (in.needs_momenta()) mean[k] = load_part(m.momentum[k] + e, left, kind);
    if (in.momentum) UNROLL_FEW for (int k = 0; k < in.momenta; k++) put(mean[k]);
    if (in.momentum_over_root) UNROLL_FEW for (int k = 0; k < in.momenta; k++) put(mean[k] * root);
    UNROLL_FEW for (int k = 0; k < in.factored; k++) {
      if (!in.needs_factor()) continue;
      factor[k] = load(s.column_factor[k] + (vector + n) * kLanes);
      if (!m.vector) factor[k] = factor[k] * Lanes::get(s.row_factor[k], row);
    }
    if (in.factored_gradient) UNROLL_FEW for (int k = 0; k < in.factored; k++) put(g * factor[k]);
    if (in.factored_momentum) UNROLL_FEW for (int k = 0; k < in.factored; k++) put(mean[k] * factor[k]);
    if (waits) put(V{});
  }
  const int last = plan.layers - 1, units = plan.widths[1];
  const float* columns = scratch.column_base + (vector - block) * units * kLanes;
  const float* rows = s.row_base + row * units * Lanes::kWidth;
  float* to = scratch.values[0];
  weigh<Lanes, NB>(s.kernel, scratch.slots, operands(in.count()), units, to, rows, columns, last > 0);
  for (int l = 1; l <= last; l++) {
    const float* const x = to;
    to = scratch.values[l & 1];
    const float* const bias = w.phi + plan.bias[l] * Lanes::kWidth;
    weigh<Lanes, NB>(w.kernel[l], x, operands(plan.widths[l]), plan.widths[l + 1], to, bias, nullptr, l < last);
  }
  V sum{};
  for (int n = 0; n < NB; n++) {
    V d = load(to + n * kLanes);
    if (plan.spec->magnitude) {
      V y[1] = {load(to + (NB + n) * kLanes) * set(kLog2E / 1000)};
      exp2(y);
      d = d * y[0];
    }
    if constexpr (!P::whole) d = first_lanes(d, left);
    store_part(m.gradient + i + n * kLanes, d, left, kind);
    sum = fma(d, d, sum);
  }
  return sum;
}

/** The direction of a part of a matrix. @returns its sum of squares */
template <class Lanes, class Shape>
V directions(const Shape& shape, const MlpPlan& plan, const MlpWeights& w, const MlpMatrix& m, const MlpStatistics& s,
             MlpScratch& scratch, const Rectangle& part) {
  const int units = plan.widths[1], factored = plan.slots.factored;
  const float* base = m.vector ? scratch.base_vector : scratch.base_matrix;
  const long group = static_cast<long>(factored) * units * Lanes::kWidth, block = column_block<Lanes>(plan);
  const long whole = Lanes::kWidth == kLanes ? m.columns : m.columns / kLanes;
  const float* const of[4] = {s.rank_one, s.rank_one + group, s.rank_one + 2 * group, s.rank_one + 3 * group};
  for (long r = part.row; r < part.row_end; r++) {
    V x[kMaxDecays];
    for (int k = 0; k < factored && !m.vector; k++) x[k] = Lanes::get(m.row[k], r);
    float* to = s.row_base + r * units * Lanes::kWidth;
    const auto put = [&](int j, V v) { Lanes::put(to, j, v); };
    if (m.vector) for (int j = 0; j < units; j++) put(j, Lanes::get(base, j));
    else add_rank_one<Lanes>(plan, of[0], of[2], x, [&](int j) { return Lanes::get(base, j); }, put);
  }
  V sum{};
  for (long b = part.vector; b < part.vector_end; b += block) {
    const long end = b + block < part.vector_end ? b + block : part.vector_end;
    for_vectors<Lanes>(b, end, m.columns, [&](long c, auto kind) {
      V x[kMaxDecays];
      for (int k = 0; k < factored; k++) x[k] = load_part(m.column[k] + c * kLanes, m.columns - c * kLanes, kind);
      float* to = scratch.column_base + (c - b) * units * kLanes;
      const auto put = [&](int j, V v) { store(to + j * kLanes, v); };
      add_rank_one<Lanes>(plan, of[1], of[3], x, [](int) { return V{}; }, put);
      // A vector's rows are its columns.
      if (m.vector) add_rank_one<Lanes>(plan, of[0], of[2], x, [&](int j) { return load(to + j * kLanes); }, put);
    });
    for (long r = part.row; r < part.row_end; r++) {
      long c = b;
      for (; c + kNetVectors <= end && c + kNetVectors <= whole; c += kNetVectors)
        sum = sum + direct<Lanes, kNetVectors>(shape, plan, w, m, s, scratch, r, c, b, Part<true>{});
      for (; c < end && c < whole; c++) sum = sum + direct<Lanes, 1>(shape, plan, w, m, s, scratch, r, c, b, Part<true>{});
      if constexpr (Lanes::kWidth == 1) {
        if (c < end) sum = sum + direct<Lanes, 1>(shape, plan, w, m, s, scratch, r, c, b, Part<false>{});
      }
    }
  }
  return sum;
}

/** What the direction is multiplied by for a step at rate α. @param squares its sum of squares over the whole matrix */
template <class Lanes>
INLINE V step_size(const MlpPlan& plan, const MlpMatrix& m, V squares, V rate) {
  if (!plan.spec->normalise_update) return rate;
  const V mean = Lanes::across(squares) * set(1.f / static_cast<float>(m.size()));
  return rate * inverse_root(mean + set(plan.spec->epsilon_normalisation));
}

/** θ ← θ - (scale · direction + α λ θ), of a part of a matrix. @param decay α λ */
template <class Lanes>
void descend(const MlpMatrix& m, V scale, V decay, const Rectangle& part) {
  for (long r = part.row; r < part.row_end; r++) {
    for_vectors<Lanes>(part.vector, part.vector_end, m.columns, [&](long c, auto kind) {
      const long i = at<Lanes>(m, r, c), left = m.columns - c * kLanes;
      const V theta = load_part(m.theta + i, left, kind);
      const V step = fma(decay, theta, scale * load_part(m.gradient + i, left, kind));
      store_part(m.theta + i, theta - step, left, kind);
    });
  }
}

}  // namespace metadescent::METADESCENT_ISA
